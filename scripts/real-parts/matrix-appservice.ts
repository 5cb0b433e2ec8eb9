// npm's matrix-appservice, in the program of examples/plain-matrix-appservice: added while the server runs, invited by a person, it comes
// and answers.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { freePorts } from '@pons/testkit/free-ports';
import { exactly } from '../as-check/check.ts';
import { eventually } from './eventually.ts';
import type { Part, Shown } from './part.ts';
import { refusals } from './refusals.ts';
import type { Site } from './site.ts';

const example = path.resolve(import.meta.dirname, '../../examples/plain-matrix-appservice');
const count = 5;
const total = 2 * count;

async function run(site: Site): Promise<Shown> {
  await site.start();
  const [port] = await freePorts(1);
  const [asToken, hsToken] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  const registration = path.join(site.dir, 'plain.yaml');
  const namespaces = { users: [], aliases: [], rooms: [] };
  const secrets = { as_token: asToken, hs_token: hsToken };
  writeFileSync(
    registration,
    JSON.stringify({ id: 'plain', url: `http://127.0.0.1:${port}`, ...secrets, sender_localpart: 'plain', namespaces }),
  );
  await site.appservice('add', registration);
  const program = site.program(
    process.execPath,
    [path.join(example, 'main.ts'), site.recorder.url, 'localhost', String(port)],
    { env: { AS_TOKEN: asToken, HS_TOKEN: hsToken } },
  );
  await eventually('the service listens', () => program.log() !== '');
  const human = await site.human('alice');
  const roomId = await human.openChat('@plain:localhost', { encrypted: false });
  const answered: string[] = [];
  for (let index = 0; index < total; index++) {
    if (index === count) await site.stage.restart('SIGKILL');
    const { body } = await human.ask(roomId, `number ${index}`, new RegExp(`^heard: number ${index}$`));
    answered.push(body);
  }
  const { version } = createRequire(path.join(example, 'package.json'))('matrix-appservice/package.json') as {
    version: string;
  };
  return {
    figures: {
      'answered, over a kill': exactly(new Set(answered).size, total, `of ${total}`),
      'answers in the room': exactly(human.messages(roomId).length - total, total, `of ${total}`),
      ...refusals(site.recorder, /\/register 400 M_USER_IN_USE$/),
    },
    versions: { 'matrix-appservice': version },
  };
}

export const matrixAppservice: Part = {
  claim: "a program for npm's matrix-appservice comes where it is invited and answers, over a kill of the homeserver",
  run,
};
