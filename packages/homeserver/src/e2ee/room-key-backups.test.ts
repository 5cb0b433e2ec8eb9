// Backups of room keys are bounded in number, the deleted ones as well.
import { expect, it } from 'vitest';
import { testDatabase } from '../../../testkit/src/database.ts';
import { insertUser } from '../storage/tables/users.ts';
import { createBackup, deleteBackup } from './room-key-backups.ts';

it('a user has so many backups, of which the oldest deleted ones are forgotten', async () => {
  const database = await testDatabase();
  const { db } = database;
  const userId = '@a:example.org';
  const user = { userId, passwordHash: null, createdTs: 1, admin: false, guest: false, appserviceId: null };
  await insertUser(db, user);
  const create = () => createBackup(db, userId, { algorithm: 'm.megolm_backup.v1', authData: {} });
  for (let n = 0; n < 120; n += 1) await deleteBackup(db, { userId, version: await create() });
  const rows = await db.query({ name: 'test.backups', text: 'select version from key_backups' });
  expect(rows.length).toBeLessThanOrEqual(101);
  for (let n = 0; n < 100; n += 1) await create();
  await expect(create()).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
  await deleteBackup(db, { userId, version: '121' });
  expect(await create()).toBe('221');
  await database.drop();
});
