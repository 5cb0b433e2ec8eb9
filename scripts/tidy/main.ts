// tidy: fails on structure, prints size. Part of `pnpm test`. Each check is a function from the list of files to complaints;
// what a linter already knows (cycles, any, floating promises) is left to oxlint.
import { files, root } from './files.ts';
import { dependencies } from './dependencies.ts';
import { docs } from './docs.ts';
import { doorTablesOnly } from './door.ts';
import { errors } from './errors.ts';
import { floorsHold } from './floors.ts';
import { purity } from './purity.ts';
import { reachable } from './reachable.ts';
import { words } from './words.ts';

const all = files();
const complaints = [floorsHold, purity, doorTablesOnly, reachable, words, dependencies, docs, errors].flatMap((check) =>
  check(all),
);
for (const complaint of complaints) console.error(complaint);

const source = all.filter((file) => file.path.endsWith('.ts') && !file.path.includes('/generated/'));
const tests = source.filter((file) => file.path.endsWith('.test.ts'));
const lines = (list: typeof source) => list.reduce((sum, file) => sum + file.lines.length, 0);
const longest = source
  .filter((file) => !tests.includes(file))
  .sort((a, b) => b.lines.length - a.lines.length)
  .slice(0, 5);
console.log(
  `tidy: ${source.length - tests.length} source files, ${lines(source) - lines(tests)} lines; ${tests.length} test files, ${lines(tests)} lines (${root})`,
);
console.log(`longest: ${longest.map((file) => `${file.path} ${file.lines.length}`).join(' · ')}`);
if (complaints.length > 0) {
  console.error(`tidy: ${complaints.length} complaint${complaints.length === 1 ? '' : 's'}`);
  process.exitCode = 1;
}
