// One client of the demo network: who it is, what it negotiated, and the way lines go out to it. Each client sees only the tags
// it asked for, and the answers to a labelled command carry its label, alone or as a batch.
// https://ircv3.net/specs/extensions/labeled-response

import type { Socket } from 'node:net';
import { formatLine, LineRefused, type OutLine } from '../protocol/format-line.ts';
import { LINE_BYTES_MAX, TAG_BYTES_MAX } from '../protocol/parse-line.ts';
import type { World } from './world.ts';

/** Bytes a client may leave unread before it is dropped. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** One connection to the demo network. */
export class DemoClient {
  readonly world: World;
  readonly #socket: Socket;
  readonly enabled = new Set<string>();
  nick: string | null = null;
  user: string | null = null;
  realname = '';
  host = '127.0.0.1';
  account: string | null = null;
  away: string | null = null;
  registered = false;
  negotiating = false;
  passwordGiven: string | null = null;
  sasl = '';
  closed = false;
  quitReason: string | null = null;
  invisible = false;
  signedOnAt = 0;
  heardAt = 0;
  #labelled: { label: string; lines: OutLine[] } | null = null;
  #batches = 0;

  constructor(world: World, socket: Socket) {
    this.world = world;
    this.#socket = socket;
    this.heardAt = world.clock.now();
  }

  /** `nick!user@host`. */
  get mask(): string {
    return `${this.nick ?? '*'}!${this.user ?? 'unknown'}@${this.host}`;
  }

  /** Sends a line from the server. */
  fromServer(command: string, ...params: string[]): void {
    this.send({ source: this.world.serverName, command, params });
  }

  /** Sends a numeric: our own nick comes first. */
  reply(numeric: string, ...params: string[]): void {
    this.fromServer(numeric, this.nick ?? '*', ...params);
  }

  /** Sends a line of another client to this one, with the tags this one asked for. */
  relay(from: DemoClient, line: { command: string; params: readonly string[]; tags?: Record<string, string> }): void {
    const tags = from.account === null ? line.tags : { ...line.tags, account: from.account };
    this.send({ source: from.mask, command: line.command, params: line.params, ...(tags && { tags }) });
  }

  /** Sends a line; while a labelled command is answered it is kept for the answer. */
  send(line: OutLine): void {
    if (this.#labelled !== null) this.#labelled.lines.push(line);
    else this.#write(line);
  }

  /** Runs a command's answer under its label. */
  labelled(label: string | undefined, run: () => void): void {
    if (label === undefined || !this.enabled.has('labeled-response') || !this.enabled.has('batch')) return run();
    this.#labelled = { label, lines: [] };
    run();
    const { lines } = this.#labelled;
    this.#labelled = null;
    const [first] = lines;
    if (first === undefined) {
      this.#write({ source: this.world.serverName, command: 'ACK', params: [], tags: { label } });
    } else if (lines.length === 1) {
      this.#write({ ...first, tags: { ...first.tags, label } });
    } else {
      const reference = `b${++this.#batches}`;
      const { serverName: source } = this.world;
      this.#write({ source, command: 'BATCH', params: [`+${reference}`, 'labeled-response'], tags: { label } });
      for (const line of lines) this.#write({ ...line, tags: { ...line.tags, batch: reference } });
      this.#write({ source, command: 'BATCH', params: [`-${reference}`] });
    }
  }

  /** Says why and closes the socket; the server then tells the others. */
  close(why: string): void {
    if (this.closed) return;
    this.#write({ command: 'ERROR', params: [`Closing Link: ${this.host} (${why})`] });
    this.closed = true;
    this.quitReason = why;
    this.#socket.end();
  }

  /** Cuts the connection as a broken network would. */
  cut(): void {
    this.#socket.destroy();
  }

  #write(line: OutLine): void {
    if (this.closed) return;
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) return this.cut();
    const whole = { ...line, tags: this.#tagsFor(line.tags ?? {}), params: shortened(line) };
    let text: string;
    try {
      text = formatLine(whole, { lineBytes: LINE_BYTES_MAX, tagBytes: TAG_BYTES_MAX });
    } catch (error) {
      // An answer that repeats a name with a space in it cannot be a line; the client that sent such a name gets none.
      if (error instanceof LineRefused) return;
      throw error;
    }
    this.#socket.write(text);
  }

  #tagsFor(tags: Readonly<Record<string, string>>): Record<string, string> {
    const seen: Record<string, string> = {};
    if (this.enabled.has('server-time')) seen['time'] = tags['time'] ?? new Date(this.world.clock.now()).toISOString();
    for (const [key, value] of Object.entries(tags)) if (this.enabled.has(capabilityFor(key))) seen[key] = value;
    return seen;
  }
}

function capabilityFor(tag: string): string {
  switch (tag) {
    case 'time':
      return 'server-time';
    case 'account':
      return 'account-tag';
    case 'batch':
      return 'batch';
    case 'label':
      return 'labeled-response';
    default:
      return 'message-tags';
  }
}

/** The parameters with the last one cut to what the line still takes, as IRC servers do. */
function shortened(line: OutLine): readonly string[] {
  const params = line.params ?? [];
  const last = params.at(-1);
  if (last === undefined) return params;
  const before = [line.source === undefined ? '' : `:${line.source}`, line.command, ...params.slice(0, -1), ':'].join(
    ' ',
  );
  const room = LINE_BYTES_MAX - 2 - Buffer.byteLength(before);
  if (Buffer.byteLength(last) <= room) return params;
  let cut = Buffer.from(last).subarray(0, Math.max(0, room)).toString('utf8');
  while (cut.endsWith('\ufffd')) cut = cut.slice(0, -1);
  return [...params.slice(0, -1), cut];
}
