// As much of a homeserver as one bridge needs: accounts, rooms, aliases, membership and events in memory, and transactions pushed to the
// bridge. Whatever it does not know answers 404, as a homeserver would.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { validateRegistration, type Registration } from '@pons/registration';
import { type Recorder, recorder } from '@pons/testkit/recorder';

type Content = Record<string, unknown>;

/** An event as the double keeps it. */
export interface SentEvent {
  event_id: string;
  room_id: string;
  type: string;
  sender: string;
  state_key?: string;
  content: Content;
  origin_server_ts: number;
}

/** The double. */
export interface MatrixDouble {
  url: string;
  registration: Registration;
  /** Events that the bridge sent. */
  sent: Recorder<SentEvent>;
  /** A Matrix user says something; resolves when the bridge has acknowledged it. */
  say(sender: string, room: string, content: Content, eventId?: string): Promise<string>;
  /** Sends an event of any type to the bridge. */
  push(events: object[], ephemeral?: object[]): Promise<void>;
  aliases: Map<string, string>;
  stop(): Promise<void>;
}

const TOKENS = { as_token: 'a'.repeat(64), hs_token: 'h'.repeat(64) };

/** Starts the double for a bridge that will listen on `bridgePort()`. */
export async function matrixDouble(bridgePort: () => number): Promise<MatrixDouble> {
  const sent = recorder<SentEvent>();
  const aliases = new Map<string, string>();
  const transactions = new Map<string, string>();
  let count = 0;

  const answer = (request: IncomingMessage, body: Content): [number, unknown] => {
    const url = new URL(request.url ?? '', 'http://double');
    const sender = url.searchParams.get('user_id') ?? '@_irc_bot:example.org';
    const [, , , , ...path] = url.pathname.split('/').map(decodeURIComponent);
    const [what = '', id = '', verb = '', type = '', last = ''] = path;
    const add = (event: Omit<SentEvent, 'event_id' | 'origin_server_ts' | 'sender'>): [number, unknown] => {
      const ts = Number(url.searchParams.get('ts') ?? Date.now());
      const event_id = `$${++count}`;
      sent.add({ ...event, event_id, sender, origin_server_ts: ts });
      return [200, { event_id }];
    };
    if (what === 'account') return [200, { user_id: sender }];
    if (what === 'register') return [200, { user_id: `@${String(body['username'])}:example.org` }];
    if (what === 'createRoom') {
      const room = `!room${++count}:example.org`;
      if (typeof body['room_alias_name'] === 'string') aliases.set(`#${body['room_alias_name']}:example.org`, room);
      return [200, { room_id: room }];
    }
    if (what === 'directory') {
      const room = aliases.get(verb);
      return room === undefined ? [404, { errcode: 'M_NOT_FOUND', error: 'no such alias' }] : [200, { room_id: room }];
    }
    if (what === 'profile') {
      const [name] = id.slice(1).split(':');
      return [
        200,
        request.method === 'PUT'
          ? {}
          : { displayname: `${(name ?? '').slice(0, 1).toUpperCase()}${(name ?? '').slice(1)}` },
      ];
    }
    if (what === 'join') return [200, { room_id: id }];
    if (what !== 'rooms') return [404, { errcode: 'M_UNRECOGNIZED', error: 'not in the double' }];
    if (verb === 'send') {
      const key = `${sender} ${last}`;
      const before = transactions.get(key);
      if (before !== undefined) return [200, { event_id: before }];
      const result = add({ room_id: id, type, content: body });
      transactions.set(key, `$${count}`);
      return result;
    }
    if (verb === 'state') return add({ room_id: id, type, state_key: last, content: body });
    if (verb === 'join')
      return add({ room_id: id, type: 'm.room.member', state_key: sender, content: { membership: 'join' } });
    if (verb === 'leave')
      return add({ room_id: id, type: 'm.room.member', state_key: sender, content: { membership: 'leave', ...body } });
    return [200, {}];
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const [status, body] = answer(request, text === '' ? {} : (JSON.parse(text) as Content));
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  const port = await listening(server);

  const push = async (events: object[], ephemeral: object[] = []): Promise<void> => {
    const address = `http://127.0.0.1:${bridgePort()}/_matrix/app/v1/transactions/${++count}`;
    const response = await fetch(address, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKENS.hs_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ events, ephemeral }),
    });
    if (response.status !== 200) throw new Error(`the bridge answered ${response.status}`);
  };

  return {
    url: `http://127.0.0.1:${port}`,
    registration: registration(),
    sent,
    aliases,
    push,
    async say(sender, room, content, eventId = `$say${++count}`) {
      const event = {
        event_id: eventId,
        room_id: room,
        type: 'm.room.message',
        sender,
        content,
        origin_server_ts: Date.now(),
      };
      await push([event]);
      return eventId;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function registration(): Registration {
  const validation = validateRegistration(
    {
      ...TOKENS,
      id: 'irc',
      url: 'http://127.0.0.1:1',
      sender_localpart: '_irc_bot',
      rate_limited: false,
      receive_ephemeral: true,
      namespaces: {
        users: [{ regex: '^@_irc_.*:example\\.org$', exclusive: true }],
        aliases: [{ regex: '^#_irc_.*:example\\.org$', exclusive: true }],
        rooms: [],
      },
    },
    'example.org',
  );
  if (validation.outcome !== 'valid') throw new Error(JSON.stringify(validation.problems));
  return validation.registration;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
