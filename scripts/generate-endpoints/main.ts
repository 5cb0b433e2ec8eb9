// Writes packages/spec/src/endpoints/generated from the specification's OpenAPI files:
//
//   node scripts/generate-endpoints/main.ts FOLDER
//
// FOLDER is `data/api` of https://github.com/matrix-org/matrix-spec at tag v1.19 (git clone --branch v1.19 --depth 1), with the
// folders client-server, server-server, application-service and push-gateway. The output is committed: nothing reads FOLDER at run time.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './generate.ts';

const folder = process.argv[2] ?? process.env['MATRIX_SPEC_DIR'];
if (folder === undefined) {
  console.error('usage: generate-endpoints FOLDER   (data/api of matrix-spec at tag v1.19)');
  process.exit(2);
}
const target = join(dirname(fileURLToPath(import.meta.url)), '../../packages/spec/src/endpoints/generated');
rmSync(target, { recursive: true, force: true });
const files = generate(folder);
for (const [name, text] of files) {
  mkdirSync(dirname(join(target, name)), { recursive: true });
  writeFileSync(join(target, name), text);
}
console.log(`${files.size} files written to ${target}`);
