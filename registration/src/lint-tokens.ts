// Findings about tokens: who guesses the as_token is every ghost, who guesses the hs_token speaks for the homeserver.

import type { Report } from './findings.ts';
import type { Registration } from './registration.ts';

/** Fewer characters than a token of 128 random bits has. */
const lengthMin = 22;
/** Fewer different characters than a random text of that length ever has. */
const differentMin = 8;
const placeholder = /change.?me|replace|example|placeholder|secret|password|<|\$\{|your.?token|todo|xxxx/i;

/** Looks at both tokens. */
export function lintTokens({ asToken, hsToken }: Registration, report: Report): void {
  for (const [path, token] of [
    ['as_token', asToken],
    ['hs_token', hsToken],
  ] as const) {
    const weakness = weaknessOf(token);
    if (weakness !== undefined)
      report(
        'token-weak',
        path,
        `${weakness}: make another, as pons registration generate does (64 random hex digits)`,
      );
  }
}

// Never the token itself: what is printed here ends up in logs.
function weaknessOf(token: string): string | undefined {
  if (placeholder.test(token)) return 'looks like a placeholder';
  if (token.length < lengthMin) return `has only ${token.length} characters`;
  if (new Set(token).size < differentMin) return `has only ${new Set(token).size} different characters`;
  return undefined;
}
