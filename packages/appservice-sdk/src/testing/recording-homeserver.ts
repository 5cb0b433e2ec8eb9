// The least of a homeserver that an application service needs, over real HTTP: users, rooms, membership, sends with transaction ids, and
// a hand that pushes transactions. It records what it was told and can be made to refuse or to be away. For tests without a homeserver.

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';

/** An event that somebody sent. */
export interface RecordedEvent {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly room_id: string;
  readonly content: Record<string, unknown>;
  readonly origin_server_ts: number;
  readonly state_key?: string;
  readonly redacts?: string;
}

/** A recording homeserver that listens. */
export interface RecordingHomeserver {
  readonly url: string;
  readonly events: RecordedEvent[];
  /** Display names by user. */
  readonly names: Map<string, string>;
  /** Every request as `METHOD /path as user`. */
  readonly requests: string[];
  members(roomId: string): string[];
  /** Timeline texts of a room as `sender: body`. */
  said(roomId: string): string[];
  /** Answers the next requests whose line matches, once each; `undefined` handles one as usual. */
  answerOnce(line: RegExp, status: number, body: object, headers?: Record<string, string>): void;
  /** While away, every request is answered 502. */
  away: boolean;
  /** While set, every request is refused so. */
  refusal: { readonly status: number; readonly errcode: string } | undefined;
  /** Somebody who is no user of ours does this; the application service hears of it. @returns the event's id */
  happens(event: {
    room_id: string;
    type: string;
    sender: string;
    content: object;
    state_key?: string;
    redacts?: string;
  }): Promise<string>;
  /** A room that nobody is in. @returns its id */
  makeRoom(): string;
  /** Where transactions go. */
  serve(port: number, hsToken: string): void;
  close(): Promise<void>;
}

type Answer = { status: number; body: object; headers?: Record<string, string> };

/** Starts one on a free port. */
export async function recordingHomeserver(domain = 'example.org'): Promise<RecordingHomeserver> {
  const state = {
    users: new Set<string>(),
    members: new Map<string, Set<string>>(),
    aliases: new Map<string, string>(),
    sent: new Map<string, string>(),
    count: 0,
  };
  const once: { line: RegExp; answer: Answer }[] = [];
  let target = { port: 0, hsToken: '' };
  let txn = 0;

  const record = (event: Omit<RecordedEvent, 'event_id'>): string => {
    const eventId = `$${state.count++}:${domain}`;
    homeserver.events.push({ ...event, event_id: eventId });
    return eventId;
  };
  const change = (room_id: string, user: string, sender: string, membership: string): void => {
    const members = state.members.get(room_id);
    if (membership === 'join') members?.add(user);
    else if (membership !== 'invite') members?.delete(user);
    record({ type: 'm.room.member', room_id, sender, state_key: user, content: { membership }, origin_server_ts: 0 });
  };

  const handle = (method: string, url: URL, body: Record<string, unknown>): Answer => {
    const user = url.searchParams.get('user_id') ?? `@bot:${domain}`;
    const path = url.pathname
      .replace(/^\/_matrix\/client\/(v\d|unstable\/com\.beeper\.ephemeral)\//, '')
      .split('/')
      .map(decodeURIComponent);
    const [kind, id = '', verb = '', a = '', b = ''] = path;
    if (kind === 'account') return { status: 200, body: { user_id: user } };
    if (kind === 'appservice') return { status: 200, body: { duration_ms: 0 } };
    if (kind === 'register') {
      const userId = `@${String(body['username'])}:${domain}`;
      if (state.users.has(userId)) return refuse(400, 'M_USER_IN_USE');
      state.users.add(userId);
      return { status: 200, body: { user_id: userId } };
    }
    if (!state.users.has(user)) return refuse(403, 'M_FORBIDDEN');
    if (kind === 'createRoom') {
      const roomId = `!${state.count++}:${domain}`;
      const alias = `#${String(body['room_alias_name'])}:${domain}`;
      if (state.aliases.has(alias)) return refuse(400, 'M_ROOM_IN_USE');
      state.members.set(roomId, new Set());
      if (body['room_alias_name'] !== undefined) state.aliases.set(alias, roomId);
      change(roomId, user, user, 'join');
      return { status: 200, body: { room_id: roomId } };
    }
    if (kind === 'directory')
      return state.aliases.has(verb)
        ? { status: 200, body: { room_id: state.aliases.get(verb) } }
        : refuse(404, 'M_NOT_FOUND');
    if (kind === 'profile' && method === 'PUT')
      return (homeserver.names.set(id, String(body['displayname'])), { status: 200, body: {} });
    if (kind === 'profile')
      return homeserver.names.has(id)
        ? { status: 200, body: { displayname: homeserver.names.get(id) } }
        : refuse(404, 'M_NOT_FOUND');
    if (kind !== 'rooms' || !state.members.has(id)) return refuse(404, 'M_NOT_FOUND');
    if (verb === 'join' || verb === 'leave')
      return (change(id, user, user, verb === 'join' ? 'join' : 'leave'), { status: 200, body: {} });
    if (!state.members.get(id)?.has(user)) return refuse(403, 'M_FORBIDDEN');
    if (['invite', 'kick', 'ban', 'unban'].includes(verb))
      return (change(id, String(body['user_id']), user, verb), { status: 200, body: {} });
    if (['typing', 'receipt', 'ephemeral'].includes(verb)) return { status: 200, body: {} };
    const key = verb === 'state' ? undefined : `${user} ${url.pathname}`;
    const known = key === undefined ? undefined : state.sent.get(key);
    const origin_server_ts = Number(url.searchParams.get('ts') ?? 1);
    const event = { room_id: id, sender: user, content: body, origin_server_ts };
    const eventId =
      known ??
      record(
        verb === 'redact'
          ? { ...event, type: 'm.room.redaction', redacts: a }
          : { ...event, type: a, ...(verb === 'state' ? { state_key: b } : {}) },
      );
    if (key !== undefined) state.sent.set(key, eventId);
    return { status: 200, body: { event_id: eventId } };
  };

  const server: Server = createServer((request, response) => {
    void readJson(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://x');
      const line = `${request.method} ${decodeURIComponent(url.pathname)} as ${url.searchParams.get('user_id') ?? 'nobody'}`;
      homeserver.requests.push(line);
      if (homeserver.away) return respond(response, { status: 502, body: {} });
      const { refusal } = homeserver;
      if (refusal) return respond(response, refuse(refusal.status, refusal.errcode));
      const index = once.findIndex((one) => one.line.test(line));
      const answer = index < 0 ? handle(request.method ?? 'GET', url, body) : once.splice(index, 1)[0]!.answer;
      return respond(response, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };

  const homeserver: RecordingHomeserver = {
    url: `http://127.0.0.1:${port}`,
    events: [],
    names: new Map(),
    requests: [],
    away: false,
    refusal: undefined,
    members: (roomId) => [...(state.members.get(roomId) ?? [])],
    said: (roomId) =>
      homeserver.events
        .filter((event) => event.room_id === roomId && event.type === 'm.room.message')
        .map((event) => `${event.sender}: ${String(event.content['body'])}`),
    answerOnce: (line, status, body, headers) =>
      void once.push({ line, answer: { status, body, ...(headers ? { headers } : {}) } }),
    async happens(event) {
      state.members.get(event.room_id)?.add(event.sender);
      const eventId = record({ origin_server_ts: 1, ...event, content: { ...event.content } });
      const body = JSON.stringify({ events: homeserver.events.filter((one) => one.event_id === eventId) });
      const headers = { authorization: `Bearer ${target.hsToken}` };
      const answer = await fetch(`http://127.0.0.1:${target.port}/_matrix/app/v1/transactions/${txn++}`, {
        method: 'PUT',
        headers,
        body,
      });
      if (answer.status !== 200) throw new TypeError(`the application service answered ${answer.status}`);
      return eventId;
    },
    makeRoom() {
      const roomId = `!${state.count++}:${domain}`;
      state.members.set(roomId, new Set());
      return roomId;
    },
    serve(servicePort, hsToken) {
      target = { port: servicePort, hsToken };
    },
    close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
  return homeserver;
}

function refuse(status: number, errcode: string): Answer {
  return { status, body: { errcode, error: errcode } };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function respond(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(JSON.stringify(answer.body));
}
