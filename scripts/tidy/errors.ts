// docs/errors.md is the registry of error codes, printed: `node scripts/tidy/errors.ts` writes it, tidy compares it. So no code is
// without its line, and no line without its code.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { errcodes } from '../../packages/spec/src/errors/errcodes.ts';
import type { Check } from './files.ts';

const name = 'docs/errors.md';

/** The whole document. */
export function errorsDocument(): string {
  const rows = Object.entries(errcodes).map(
    ([code, { status, meaning, link }]) => `| [\`${code}\`](${link}) | ${status} | ${meaning} |`,
  );
  return `# Error codes

Every refusal has the same body, \`{ "errcode": "M_…", "error": "what to do" }\`; some have further members, which the linked place of the
specification describes. The status is the usual one: \`M_UNRECOGNIZED\` is 405 for a known path with another method, and a few
endpoints prescribe their own. \`M_LIMIT_EXCEEDED\` says when to come back: \`Retry-After\` in seconds, \`retry_after_ms\` in the body. A status
of 500 is a bug of ours: the text names the request, under which the log has the rest. 503 means that the database is away or too much is
waiting: try again after \`Retry-After\`.

Printed from packages/spec/src/errors/errcodes.ts by \`node scripts/tidy/errors.ts\`.

| Code | Status | Meaning |
|---|---|---|
${rows.join('\n')}
`;
}

/** The document and the registry say the same. */
export const errors: Check = (files) => {
  const file = files.find((one) => one.path === name);
  const expected = errorsDocument().trimEnd().split('\n');
  const line = expected.findIndex((text, index) => file?.lines[index] !== text);
  const surplus =
    (file?.lines.filter((text) => text !== '').length ?? 0) > expected.filter((text) => text !== '').length;
  return line < 0 && !surplus
    ? []
    : [`${name}:${Math.max(0, line) + 1}: differs from errcodes.ts: node scripts/tidy/errors.ts`];
};

if (import.meta.main) writeFileSync(path.resolve(import.meta.dirname, '../..', name), errorsDocument());
