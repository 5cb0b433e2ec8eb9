// Never arrow 3: rules and spec know no clock, randomness, file, network or log; elsewhere the clock, randomness and fetch live in
// platform/ (homeserver) and client/call.ts (SDK) alone.
import type { Check } from './files.ts';

const pure = ['packages/homeserver/src/rules/', 'packages/spec/src/'];
const impureModules =
  /^(node:(fs|net|http|https|http2|dgram|dns|child_process|worker_threads|os|timers|timers\/promises|tls|sqlite|process)|pino|undici|pg|express)$/;
const impureCalls =
  /\b(Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|process\.(env|hrtime)|setTimeout\(|console\.)|(?<![.\w])fetch\(/;
const guarded = ['packages/homeserver/src/', 'packages/appservice-sdk/src/', 'packages/bridges/irc/src/'];
const ambient = /\b(Date\.now\(|Math\.random\()|(?<![.\w])fetch\(/;
const allowed =
  /^packages\/homeserver\/src\/platform\/|^packages\/appservice-sdk\/src\/(client\/call|testing\/.*|clock)\.ts$|\/(clock|random)\.ts$/;
const code = (line: string) => line.replace(/\/\/.*$/, '').replace(/^\s*\*.*$/, '');

/** No clock, randomness or network where they do not belong. */
export const purity: Check = (files) =>
  files
    .filter((file) => file.path.endsWith('.ts') && !file.path.endsWith('.test.ts') && !file.path.includes('/test/'))
    .flatMap((file) => {
      const isPure = pure.some((prefix) => file.path.startsWith(prefix));
      const pattern = isPure
        ? impureCalls
        : guarded.some((prefix) => file.path.startsWith(prefix)) && !allowed.test(file.path)
          ? ambient
          : undefined;
      const modules = isPure ? file.imports.filter(({ specifier }) => impureModules.test(specifier)) : [];
      return [
        ...modules.map(({ specifier, line }) => `${file.path}:${line}: pure code imports ${specifier}`),
        ...(pattern === undefined
          ? []
          : file.lines.flatMap((line, index) => {
              const found = pattern.exec(code(line));
              return found === null
                ? []
                : [`${file.path}:${index + 1}: ${found[0]} belongs to platform/: take it as an argument`];
            })),
      ];
    });
