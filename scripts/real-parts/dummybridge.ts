// beeper's dummybridge, which makes up chats on mautrix's bridge framework: a chat's last messages when its room is made, and then batch by
// batch what was before. Whether the framework imports history so or sends message by message is up to what the homeserver announces.

import { exactly, none } from '../as-check/check.ts';
import { eventually } from './eventually.ts';
import { type GoSource, mautrixProgram } from './go-program.ts';
import { MautrixBridge } from './mautrix-bridge.ts';
import type { Part, Shown } from './part.ts';
import { refusals } from './refusals.ts';
import type { Kept } from './request-recorder.ts';
import type { Site } from './site.ts';

const source: GoSource = {
  name: 'dummybridge',
  repository: 'https://github.com/beeper/dummybridge',
  commit: '34b563da289b4e4368c06c718f37acd48f9227a5',
  variable: 'DUMMYBRIDGE',
  command: './cmd/dummybridge',
};
const id = 'dummy';
const initialMessages = 50;
const batchSize = 100;
const batches = 3;
const total = initialMessages + batches * batchSize;
// It asks as a bot that is not registered yet, which tells it to register; it registers what may be there already.
const expected = /\/versions 403 M_FORBIDDEN$|\/register 400 M_USER_IN_USE$|\/media\/download\//;

interface Batch {
  readonly forward: boolean;
  /** Real ids, in the order of the request. */
  readonly ids: readonly string[];
  readonly times: readonly number[];
}

function batchOf({ body, answer }: Kept): Batch {
  const { forward = false, events } = body as { forward?: boolean; events: readonly { origin_server_ts: number }[] };
  const { event_ids: ids } = answer as { event_ids: readonly string[] };
  return { forward, ids, times: events.map((event) => event.origin_server_ts) };
}

async function run(site: Site): Promise<Shown> {
  const { binary, versions } = await mautrixProgram(site.dir, source);
  await site.start();
  site.recorder.keep = /\/com\.beeper\.backfill\/rooms\/[^/]+\/batch_send$/;
  const bridge = new MautrixBridge(site, binary, id);
  await bridge.register({
    id,
    network: { automation: { portals: { count: 0, members: 3, messages: 0 }, backfill: { timelimit: '10m' } } },
    doublePuppet: true,
    backfill: {
      enabled: true,
      max_initial_messages: initialMessages,
      queue: { enabled: true, batch_size: batchSize, batch_delay: 1, max_batches: batches },
    },
  });
  await bridge.start({ DUMMY_MARK_READ: 'yes' });
  const human = await site.human('alice');
  await human.consentTo(id);
  const chat = await human.openChat('@dummybot:localhost', { encrypted: false });
  await human.ask(chat, 'login password', /username/i);
  await human.ask(chat, 'alice', /password/i);
  await human.ask(chat, 'anything', /Successfully logged in/i);
  await human.ask(chat, 'new-room', /Created portal/);
  const roomId = await human.isBrought(/^Dummy Portal/);
  // The framework waits for a minute before it begins with what was before.
  await eventually('all batches are in', () => site.recorder.kept.length >= 1 + batches);

  const all = site.recorder.kept.map(batchOf);
  const [forward, backward] = [all.filter((one) => one.forward), all.filter((one) => !one.forward)];
  const inOrder = [...backward.toReversed(), ...forward];
  const ids = inOrder.flatMap((one) => one.ids);
  const times = inOrder.flatMap((one) => one.times);
  const read = (await human.history(roomId)).filter((event) => event.getType() === 'm.room.message');
  return {
    figures: {
      'forward batches': exactly(forward.length, 1, ''),
      'backward batches': exactly(backward.length, batches, ''),
      'messages read': exactly(read.length, total, `of ${total}`),
      'out of order': none(read.filter((event, index) => event.getId() !== ids[index]).length, 'messages'),
      'read up to the last of these': exactly(
        Number(human.readUpTo(roomId) === ids.at(-1)),
        1,
        'by the person, as the bridge said',
      ),
      'with another time': none(read.filter((event, index) => event.getTs() !== times[index]).length, 'messages'),
      ...refusals(site.recorder, expected),
    },
    versions,
  };
}

export const dummybridge: Part = {
  claim: `dummybridge finds that it may import history, does so in batches, and the room reads in order: ${total} messages; it brings the person who consented into the room`,
  run,
};
