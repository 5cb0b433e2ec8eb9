#!/usr/bin/env node
// The IRC bridge as a program of its own: `node main.ts CONFIG.yaml`. It says when it is ready, stops at SIGTERM and SIGINT, and exits
// with 2 and one line per mistake when the person who runs it has something to change. A bug keeps its stack and exits with 1.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { OperatorError } from '@pons/appservice-sdk/bridge';
import { yamlReason } from '@pons/registration';
import { load, YAMLException } from 'js-yaml';
import { ConfigMistakes } from './config-fields.ts';
import { startIrcBridge } from './start-irc-bridge.ts';

const EXIT_UNUSABLE = 2;

/** What the file holds. @throws {ConfigMistakes} {@link OperatorError} */
function readFile(file: string): object {
  try {
    const parsed: unknown = load(readFileSync(file, 'utf8'), { filename: file });
    if (typeof parsed === 'object' && parsed !== null) return parsed;
    throw new ConfigMistakes(['holds no keys']);
  } catch (error) {
    if (error instanceof YAMLException)
      throw new OperatorError([`${file}:${(error.mark?.line ?? 0) + 1}: is not YAML: ${yamlReason(error)}`], error);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new OperatorError([`${file}: does not exist`], error);
    if (code === 'EACCES') throw new OperatorError([`${file}: no permission`], error);
    if (code === 'EISDIR') throw new OperatorError([`${file}: is a folder: name the file`], error);
    throw error;
  }
}

async function run(file: string): Promise<void> {
  const bridge = await startIrcBridge(readFile(file), { folder: path.dirname(path.resolve(file)) });
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1));
    void bridge.stop();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    await bridge.ready();
  } catch (error) {
    if (!stopped) await bridge.stop();
    throw error;
  }
  if (!stopped) process.stdout.write(`${JSON.stringify({ event: 'ready', port: bridge.port })}\n`);
}

/** The lines for the operator; `undefined` for a bug. */
function explain(file: string, error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigMistakes) return error.mistakes.map((mistake) => `${file}: ${mistake}`);
  return error instanceof OperatorError ? error.lines : undefined;
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: pons-irc CONFIG.yaml\n');
  process.exitCode = EXIT_UNUSABLE;
} else {
  try {
    await run(file);
  } catch (error) {
    const lines = explain(file, error);
    if (lines === undefined) throw error;
    for (const line of lines) process.stderr.write(`${line}\n`);
    process.exitCode = EXIT_UNUSABLE;
  }
}
