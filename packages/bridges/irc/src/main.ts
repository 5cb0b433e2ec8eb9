#!/usr/bin/env node
// The IRC bridge as a program of its own: `node main.ts CONFIG.yaml`. It says when it is ready, stops at SIGTERM and SIGINT, and exits
// with 2 and one line per mistake when the configuration cannot be used.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load, YAMLException } from 'js-yaml';
import { ConfigMistakes } from './config-fields.ts';
import { startIrcBridge } from './start-irc-bridge.ts';

const EXIT_UNUSABLE = 2;

/** What the file holds. @throws {ConfigMistakes} */
function readFile(file: string): object {
  try {
    const parsed: unknown = load(readFileSync(file, 'utf8'), { filename: file });
    if (typeof parsed === 'object' && parsed !== null) return parsed;
    throw new ConfigMistakes(['holds no keys']);
  } catch (error) {
    if (error instanceof YAMLException) throw new ConfigMistakes([`${(error.mark?.line ?? 0) + 1}: ${error.reason}`]);
    throw error;
  }
}

async function run(file: string): Promise<void> {
  const bridge = await startIrcBridge(readFile(file), { folder: path.dirname(path.resolve(file)) });
  const stop = (): void => {
    process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1));
    void bridge.stop();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  await bridge.ready();
  process.stdout.write(`${JSON.stringify({ event: 'ready', port: bridge.port })}\n`);
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: pons-irc CONFIG.yaml\n');
  process.exitCode = EXIT_UNUSABLE;
} else {
  try {
    await run(file);
  } catch (error) {
    const mistakes =
      error instanceof ConfigMistakes ? error.mistakes : [error instanceof Error ? error.message : String(error)];
    for (const mistake of mistakes) process.stderr.write(`${file}: ${mistake}\n`);
    process.exitCode = EXIT_UNUSABLE;
  }
}
