// Files that an operator names: what keeps one from being read or written is their mistake, said in one line that begins with its name.

import { readFileSync } from 'node:fs';
import { OperatorError } from '@pons/homeserver/operator-error';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'lies below something that is no folder',
  EEXIST: 'is there already',
  EACCES: 'no permission',
  EISDIR: 'is a folder: name the file',
};

/** Does something with a file. @throws OperatorError when the file does not allow it */
export function onDisk<T>(file: string, work: () => T, other: Readonly<Record<string, string>> = {}): T {
  try {
    return work();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new OperatorError([`${file}: ${other[code] ?? reasons[code] ?? message}`], { cause });
  }
}

/** The text of a file. @throws OperatorError */
export function readText(file: string): string {
  return onDisk(file, () => readFileSync(file, 'utf8'));
}
