#!/usr/bin/env node
// Usage: leaves.mjs RESULT.jsonl...            `go test -json` output -> sorted lines "package<TAB>test<TAB>pass|fail|skip"
//        leaves.mjs --compare LIST.tsv [--partial] RESULT.jsonl...
//                   differences to a list of the same form; exit status 1 if a test of the list no longer passes, or was not
//                   run (--partial: those do not matter)
// A leaf is a test without subtests. A parent which failed while none of its leaves did counts as a leaf too, and a test
// which began and never ended (time-out, panic, crash) as failed. Counts for each package go to stderr.
import { readFileSync } from 'node:fs';

const args = process.argv.slice(2);
const list = args[0] === '--compare' ? args.splice(0, 2)[1] : undefined;
const partial = args[0] === '--partial' && args.shift();
const short = (p) => p.replace(/^github\.com\/matrix-org\/complement\//, '');
const tests = new Map(); // "package\ttest" -> state
const packages = new Map();
for (const file of args.length ? args : [0]) {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (!line.startsWith('{')) continue;
    let e;
    try {
      e = JSON.parse(line);
    } catch {
      continue;
    } // a cut-off last line
    const pkg = short(e.Package ?? e.ImportPath ?? '?');
    if (!e.Test) {
      if (['pass', 'fail', 'skip', 'build-fail'].includes(e.Action))
        packages.set(pkg, { state: e.Action, seconds: e.Elapsed });
    } else if (e.Action === 'run') tests.set(`${pkg}\t${e.Test}`, 'unfinished');
    else if (['pass', 'fail', 'skip'].includes(e.Action)) tests.set(`${pkg}\t${e.Test}`, e.Action);
  }
}

const ancestors = (name) => {
  // of "p\tA/b/c": "p\tA/b", "p\tA"
  const out = [];
  for (let i = name.lastIndexOf('/'); i > name.indexOf('\t'); i = name.lastIndexOf('/', i - 1))
    out.push(name.slice(0, i));
  return out;
};
const failed = (s) => s === 'fail' || s === 'unfinished';
const parents = new Set(),
  explained = new Set();
for (const name of tests.keys()) for (const a of ancestors(name)) parents.add(a);
// deepest first, so that only the innermost parent without a failed descendant is listed
const leaves = new Map();
for (const [name, s] of [...tests].sort((a, b) => b[0].split('/').length - a[0].split('/').length)) {
  if (parents.has(name) && !(failed(s) && !explained.has(name))) continue;
  leaves.set(name, failed(s) ? 'fail' : s);
  if (failed(s)) for (const a of ancestors(name)) explained.add(a);
}

const sorted = [...leaves].sort(([a], [b]) => (a < b ? -1 : 1));
const counts = {};
for (const [name, s] of sorted) {
  for (const p of [name.split('\t')[0], 'total']) (counts[p] ??= { pass: 0, fail: 0, skip: 0 })[s]++;
}
for (const [p, c] of Object.entries(counts)) {
  const seconds = packages.get(p)?.seconds;
  console.error(`${p}: ${c.pass} pass, ${c.fail} fail, ${c.skip} skip${seconds ? `, ${Math.round(seconds)} s` : ''}`);
}
for (const [p, { state }] of packages) if (state !== 'pass' && !counts[p]) console.error(`${p}: ${state}, no test ran`);

if (list === undefined) {
  for (const [name, s] of sorted) console.log(`${name}\t${s}`);
} else {
  // Only the packages that were run are compared.
  const top = (name) => ancestors(name).at(-1) ?? name;
  const ran = new Set([...packages.keys(), ...sorted.map(([name]) => name.split('\t')[0])]);
  const wanted = new Map();
  for (const line of readFileSync(list, 'utf8').split('\n')) {
    const [pkg, test, s] = line.split('\t');
    if (s && ran.has(pkg)) wanted.set(`${pkg}\t${test}`, s);
  }
  let bad = 0,
    notRun = 0;
  for (const [name, s] of wanted) {
    if (!tests.has(top(name))) {
      notRun++;
      continue;
    }
    const now = leaves.get(name) ?? tests.get(name) ?? 'missing';
    if (now === s) continue;
    if (s === 'pass') bad++;
    console.log(`${s === 'pass' ? 'REGRESSION' : now === 'pass' ? 'better' : 'changed'}\t${name}\t${s} -> ${now}`);
  }
  for (const [name, s] of sorted) if (!wanted.has(name)) console.log(`new\t${name}\t${s}`);
  console.error(`${bad} regressions against ${list}, ${notRun} of its tests not run`);
  process.exitCode = bad || (notRun && !partial) ? 1 : 0;
}
