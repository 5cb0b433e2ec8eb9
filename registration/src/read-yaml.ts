// Reads YAML as the tools of bridges in other languages do: in a flow collection (`{ … }`, `[ … ]`) and in a quoted text indentation says
// nothing, and so a `}` at the beginning of a line ends what began on the line of its key. js-yaml, like the YAML specification, wants such lines
// indented. Leading spaces mean nothing there, so it gets them: where it complains, and only there.

import { load, parseEvents, YAMLException } from 'js-yaml';
import { type LineOf, locateLines } from './locate-lines.ts';

/** What a text holds, and where. */
export interface ReadYaml {
  readonly value: unknown;
  readonly lineOf: LineOf;
}

const depthMax = 32;
const aliasesMax = 100;
/** Lines that are indented so; each costs reading the text once more. */
const indentedLinesMax = 100;
/** Deeper than anybody indents. */
const indentation = ' '.repeat(64);

/**
 * Reads one document.
 *
 * @throws YAMLException
 */
export function readYaml(source: string, filename?: string): ReadYaml {
  const options = { maxDepth: depthMax, ...(filename === undefined ? {} : { filename }) };
  const lines = source.split('\n');
  const indented = new Set<number>();
  for (;;) {
    const text = indented.size === 0 ? source : lines.join('\n');
    try {
      const lineOf = locateLines(text, parseEvents(text, options));
      return { value: load(text, { ...options, maxAliases: aliasesMax }), lineOf };
    } catch (error) {
      const at = lineToIndent(error);
      const line = at === undefined ? undefined : lines[at];
      if (at === undefined || line === undefined || line.startsWith('\t')) throw error;
      if (indented.has(at) || indented.size >= indentedLinesMax) throw error;
      indented.add(at);
      lines[at] = indentation + line;
    }
  }
}

// It says so of lines inside a flow collection or a quoted text, and of no others.
function lineToIndent(error: unknown): number | undefined {
  const isThis = error instanceof YAMLException && error.reason === 'deficient indentation';
  return isThis ? error.mark?.line : undefined;
}
