// Never arrow 6: whatever takes a stream position goes through the door; only it names those tables in INSERT or UPDATE, and only
// purge.ts in DELETE.
import { doorTables } from '../../packages/homeserver/src/floors.ts';
import type { Check } from './files.ts';

const writes = new RegExp(`\\b(insert\\s+into|update)\\s+(${doorTables.join('|')})\\b`, 'gi');
const deletes = new RegExp(`\\bdelete\\s+from\\s+(${doorTables.join('|')})\\b`, 'gi');
const door = /^packages\/homeserver\/src\/storage\/(group-commit[\w-]*|restore|migrate)\.ts$/;

/** Only the door writes what takes a position. */
export const doorTablesOnly: Check = (files) =>
  files
    .filter(
      (file) =>
        /^packages\/[\w-]+\/src\/.*\.ts$/.test(file.path) &&
        !file.path.endsWith('.test.ts') &&
        !file.path.startsWith('packages/testkit/') &&
        !door.test(file.path),
    )
    .flatMap((file) => {
      const found = [
        ...file.text.matchAll(writes),
        ...(file.path.endsWith('storage/purge.ts') ? [] : file.text.matchAll(deletes)),
      ];
      return found.map((match) => {
        const line = file.text.slice(0, match.index).split('\n').length;
        return `${file.path}:${line}: only the door may ${match[0].replace(/\s+/g, ' ')}`;
      });
    });
