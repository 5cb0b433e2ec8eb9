// The whole of generated/ as names and texts: main.ts writes them, the test compares them with what is committed.

import { join } from 'node:path';
import { describe, type SpecApi } from './describe.ts';
import { readOperations } from './openapi.ts';
import { type Described, listNames, printDigest, printList, printModule } from './print.ts';

/** File names (relative to generated/) and their texts. */
export function generate(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  const everything: Described[] = [];
  for (const api of Object.keys(listNames) as SpecApi[]) {
    const described = readOperations(join(folder, api)).map((operation) => ({
      module: operation.module,
      endpoint: describe(api, operation),
    }));
    for (const module of new Set(described.map((one) => one.module))) {
      const endpoints = described.filter((one) => one.module === module).map((one) => one.endpoint);
      files.set(`${api}/${module}.ts`, printModule(api, module, endpoints));
    }
    files.set(`${api}.ts`, printList(api, described));
    everything.push(...described);
  }
  files.set('digest.tsv', printDigest(everything));
  return files;
}
