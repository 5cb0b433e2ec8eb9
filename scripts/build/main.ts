// Makes dist/ of the package in the current folder, for publishing: `pnpm run build` there, or `pnpm pack`, which runs it first. Node
// runs our sources as they are, but strips no types below node_modules. tsc writes .js and .d.ts; every other file in src is copied.
//
// tsc also writes the packages that this one imports, since their doors are sources here: it writes everything into a folder of its own,
// and only what belongs to this package is taken.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const home = process.cwd();
const source = path.join(home, 'src');
const isForTests = (file: string) => /\.test\.ts$|\.fixture\./.test(file);

mkdirSync(path.join(root, 'node_modules/.cache'), { recursive: true });
const work = mkdtempSync(path.join(root, 'node_modules/.cache/build-'));
try {
  const project = path.join(work, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: path.join(root, 'tsconfig.json'),
      compilerOptions: { noEmit: false, declaration: true, rootDir: root, outDir: path.join(work, 'out') },
      include: [source],
      exclude: [path.join(source, '**/*.test.ts')],
    }),
  );
  execFileSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', project], { stdio: 'inherit' });
  const written = path.join(work, 'out', path.relative(root, source));
  cpSync(source, written, {
    recursive: true,
    filter: (file) => !isForTests(file) && !file.endsWith('.ts'),
  });
  const dist = path.join(home, 'dist');
  rmSync(dist, { recursive: true, force: true });
  if (!existsSync(written)) throw new Error(`tsc wrote nothing for ${home}`);
  renameSync(written, dist);
} finally {
  rmSync(work, { recursive: true, force: true });
}
