// Stored passwords outlive configurations and implementations: what one wrote, another must verify.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Passwords } from './passwords.ts';

const passwords = new Passwords('low', randomBytes);

describe('passwords', () => {
  it('are stored in the PHC form of argon2id and verified from it', async () => {
    const stored = await passwords.hash('correct horse');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=8,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await passwords.verify(stored, 'correct horse')).toBe(true);
    expect(await passwords.verify(stored, 'correct Horse')).toBe(false);
  });

  it('of one cost are verified by a server configured for another', async () => {
    const stored = await passwords.hash('moved');
    expect(await new Passwords('default', randomBytes).verify(stored, 'moved')).toBe(true);
  });

  it('made by the reference implementation are verified', async () => {
    // argon2 of the Password Hashing Competition: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
    const stored = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await passwords.verify(stored, 'password')).toBe(true);
  });

  it('never match where none is stored, or something that is no hash', async () => {
    expect(await passwords.verify(null, 'x')).toBe(false);
    expect(await passwords.verify('plain', 'plain')).toBe(false);
  });

  it('are refused when empty or longer than 512 bytes', async () => {
    await expect(passwords.hash('')).rejects.toMatchObject({ errcode: 'M_WEAK_PASSWORD' });
    await expect(passwords.hash('ä'.repeat(257))).rejects.toMatchObject({ errcode: 'M_INVALID_PARAM' });
    expect(await passwords.verify(await passwords.hash('y'), 'ä'.repeat(257))).toBe(false);
  });

  it('checked by the hundred all get their answer', async () => {
    const stored = await passwords.hash('many');
    const verdicts = await Promise.all(
      Array.from({ length: 100 }, (_, n) => passwords.verify(stored, n % 2 ? 'many' : 'few')),
    );
    expect(verdicts.filter(Boolean)).toHaveLength(50);
  });
});
