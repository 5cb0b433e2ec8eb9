// No dead files: every source file is reached by imports from a door (package.json's exports and bin), a script or an example. The pure
// decisions in rules/ are the specification's own list: theirs count as used when a test uses them.
import type { Check, File } from './files.ts';

const entries =
  /^(packages\/[\w-]+|packages\/bridges\/[\w-]+|registration)\/src\/(index|main)\.ts$|^packages\/[\w-]+\/src\/(crypto|endpoints|bridge|testing|demo-network)\/index\.ts$|^packages\/bridges\/[\w-]+\/src\/[\w-]+\/index\.ts$|^packages\/pons\/src\/embed\.ts$|^packages\/testkit\/src\/|^(scripts|bench|examples)\/|\.worker\.ts$|^packages\/homeserver\/src\/floors\.ts$|^vitest\.config\.ts$/;

const ruleTest = /^packages\/homeserver\/src\/rules\/.*\.test\.ts$/;

/** Every source file is used. */
export const reachable: Check = (files) => {
  const source = new Map(
    files
      .filter((file) => /\.tsx?$/.test(file.path) && !file.path.startsWith('packages/console/'))
      .map((file): [string, File] => [file.path, file]),
  );
  const seen = new Set<string>();
  const queue = [...source.keys()].filter((path) => entries.test(path) || ruleTest.test(path));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { target } of source.get(path)?.imports ?? [])
      if (target !== undefined && source.has(target)) queue.push(target);
  }
  return [...source.keys()]
    .filter((path) => !seen.has(path) && !path.endsWith('.test.ts') && !path.includes('/test/'))
    .map((path) => `${path}:1: nothing imports it`);
};
