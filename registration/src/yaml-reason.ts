// Why a file is no YAML, in words that hold nothing of the file: its reasons are logged and listed, and a secret that was not quoted is an
// alias, a tag or a key to the parser, which names it.

import type { YAMLException } from 'js-yaml';

const quoteIt = 'put quotes around a text that begins with * & or !';

/** Reasons that name something of the file, or say too little, by how they begin. */
const named: readonly (readonly [begins: RegExp, reason: string])[] = [
  [/^(unidentified|recursive) alias/, `names an alias that is not there: ${quoteIt}`],
  [/^name of an (anchor|alias)/, `has an alias without a name: ${quoteIt}`],
  [/^(cannot resolve a node with|unknown (scalar|sequence|mapping) tag|undeclared tag|tag )/, `has a tag: ${quoteIt}`],
  [
    /^deficient indentation/,
    'deficient indentation: put spaces, not tabs, before each line of what stands in brackets or quotes',
  ],
];

/** Its reason, for `file:line: is not YAML: …`. */
export function yamlReason({ reason }: Pick<YAMLException, 'reason'>): string {
  const known = named.find(([begins]) => begins.test(reason));
  // Whatever else the parser quotes or appends.
  return known?.[1] ?? reason.replaceAll(/"[^]*"|!?<[^]*>/g, '…').replace(/: [^]*$/, '');
}
