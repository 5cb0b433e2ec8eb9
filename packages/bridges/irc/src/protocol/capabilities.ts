// CAP negotiation (IRCv3 302): which of the capabilities we know the server has agreed to, at registration and when it changes
// its mind later. Pure: lines in, lines out; connection.ts sends them. What is not acknowledged does not exist for the bridge.
// https://ircv3.net/specs/extensions/capability-negotiation

import type { OutLine } from './format-line.ts';
import type { IrcLine } from './parse-line.ts';

/** What we ask for where it is offered. `sasl` only with an account. */
export const WANTED_CAPABILITIES = [
  'server-time',
  'message-tags',
  'echo-message',
  'labeled-response',
  'batch',
  'account-tag',
  'away-notify',
  'chghost',
  'extended-join',
  'multi-prefix',
  'setname',
  'userhost-in-names',
  'invite-notify',
  'draft/message-redaction',
] as const;

/** Names in one REQ: short enough for any line. */
const REQUEST_CHARS_MAX = 400;
/** Names a server may offer; more are ignored. */
const OFFERED_MAX = 200;

/** The negotiation of one connection. */
export class CapabilityNegotiation {
  readonly #wanted: ReadonlySet<string>;
  readonly #offered = new Map<string, string>();
  readonly #enabled = new Set<string>();
  #unanswered = 0;
  #listed = false;

  constructor(wanted: Iterable<string>) {
    this.#wanted = new Set(wanted);
  }

  /** What both sides have agreed to. */
  get enabled(): ReadonlySet<string> {
    return this.#enabled;
  }

  /** The value the server gave with a capability (`sasl=PLAIN,EXTERNAL`); undefined when it does not offer it. */
  offered(name: string): string | undefined {
    return this.#offered.get(name);
  }

  /** Whether the server has listed everything and answered every request. */
  get settled(): boolean {
    return this.#listed && this.#unanswered === 0;
  }

  /** Takes one CAP line from the server; returns what to answer. */
  receive(line: IrcLine): OutLine[] {
    const verb = (line.params[1] ?? '').toUpperCase();
    const names = (line.params.at(-1) ?? '').split(' ').filter((name) => name !== '');
    switch (verb) {
      case 'LS': {
        this.#note(names);
        if (line.params[2] === '*' && line.params.length > 3) return [];
        this.#listed = true;
        return this.#request(this.#offered.keys());
      }
      case 'NEW':
        this.#note(names);
        return this.#request(names.map(nameOf));
      case 'ACK':
        this.#answered();
        for (const name of names) this.#acknowledge(name);
        return [];
      case 'NAK':
        this.#answered();
        // One refused name refuses the whole request: ask for each alone.
        return names.length > 1 ? this.#requestEach(names) : [];
      case 'DEL':
        for (const name of names) {
          this.#offered.delete(name);
          this.#enabled.delete(name);
        }
        return [];
      default:
        return [];
    }
  }

  #note(names: readonly string[]): void {
    for (const each of names) {
      if (this.#offered.size >= OFFERED_MAX) return;
      const equals = each.indexOf('=');
      this.#offered.set(nameOf(each), equals < 0 ? '' : each.slice(equals + 1));
    }
  }

  #acknowledge(name: string): void {
    if (name.startsWith('-')) this.#enabled.delete(name.slice(1));
    else if (this.#wanted.has(name)) this.#enabled.add(name);
  }

  #answered(): void {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
  }

  #request(names: Iterable<string>): OutLine[] {
    const lines: OutLine[] = [];
    let request = '';
    for (const name of names) {
      if (!this.#wanted.has(name) || this.#enabled.has(name)) continue;
      if (request !== '' && request.length + name.length >= REQUEST_CHARS_MAX) {
        lines.push(requestLine(request));
        request = '';
      }
      request += request === '' ? name : ` ${name}`;
    }
    if (request !== '') lines.push(requestLine(request));
    this.#unanswered += lines.length;
    return lines;
  }

  #requestEach(names: readonly string[]): OutLine[] {
    const lines = names.filter((name) => this.#wanted.has(name)).map(requestLine);
    this.#unanswered += lines.length;
    return lines;
  }
}

function requestLine(names: string): OutLine {
  return { command: 'CAP', params: ['REQ', names] };
}

function nameOf(token: string): string {
  const equals = token.indexOf('=');
  return equals < 0 ? token : token.slice(0, equals);
}
