// The proof that a message arrived at the network, by the best means that the network has:
//
//   labeled-response (+ echo-message)  the label comes back on the echo, on ACK or on the error
//   echo-message                       the echo of the same command, target and text, in order; a PING behind it ends the wait
//   neither                            a PING behind the message: servers answer in order, so an error comes before the PONG
//
// Owned by connection.ts, which sends the lines and shows this file each line that comes.
// https://ircv3.net/specs/extensions/labeled-response, https://ircv3.net/specs/extensions/echo-message

import type { Clock } from '../platform/clock.ts';
import { type Casemapping, fold } from './casemapping.ts';
import type { OutLine } from './format-line.ts';
import { isErrorNumeric, NUMERIC } from './numerics.ts';
import type { IrcLine } from './parse-line.ts';

/** What became of one line. `unsure`: it may or may not have arrived. */
export type Delivery =
  | { outcome: 'arrived'; proof: 'label' | 'echo' | 'pong'; msgid?: string; time?: string }
  | { outcome: 'refused'; code: string; text: string }
  | { outcome: 'unsure'; why: 'lost' | 'timeout' }
  | { outcome: 'not-sent'; why: 'down' | 'queue-full' };

/** How long a proof is waited for once the line is on its way. */
const PROOF_TIMEOUT_MS = 20_000;
/** Labelled batches that are open at once; a server that opens more is not believed. */
const BATCHES_MAX = 64;

/** Commands whose echo is news for everybody, ourselves included. */
const CHANGES: ReadonlySet<string> = new Set(['JOIN', 'PART', 'TOPIC', 'REDACT']);

interface Pending {
  command: string;
  target: string;
  text: string;
  label: string | null;
  fence: string;
  resolve(delivery: Delivery): void;
  cancelTimeout: (() => void) | null;
}

/** The messages of one connection whose proof is awaited. */
export class Deliveries {
  readonly #clock: Clock;
  #pending: Pending[] = [];
  #batches = new Map<string, string>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Messages without a proof so far. */
  get size(): number {
    return this.#pending.length;
  }

  /**
   * Prepares lines to be sent one after the other.
   *
   * @returns the lines as they must go out, each with its proof, and the line that must follow them (null where labels do it)
   */
  prepare(
    lines: readonly OutLine[],
    enabled: ReadonlySet<string>,
  ): {
    send: { line: OutLine; proof: Promise<Delivery>; given: (sent: 'flushed' | Delivery) => void }[];
    fence: OutLine | null;
  } {
    const labelled = enabled.has('labeled-response') && enabled.has('batch');
    const fence = `pons-fence-${++this.#count}`;
    const send = lines.map((line) => {
      const label = labelled ? `p${++this.#count}` : null;
      const { promise, resolve } = Promise.withResolvers<Delivery>();
      const pending: Pending = {
        command: line.command,
        target: line.params?.[0] ?? '',
        text: line.params?.[1] ?? '',
        label,
        fence,
        resolve,
        cancelTimeout: null,
      };
      this.#pending.push(pending);
      const given = (sent: 'flushed' | Delivery): void => {
        if (sent !== 'flushed') this.#settle(pending, sent);
        else this.#startTimeout(pending);
      };
      return { line: label === null ? line : { ...line, tags: { ...line.tags, label } }, proof: promise, given };
    });
    // A JOIN is always answered, by its echo or a refusal: it needs no PING, which flood control would count.
    const answered = labelled || lines.every((line) => line.command === 'JOIN');
    return { send, fence: answered ? null : { command: 'PING', params: [fence] } };
  }

  /** Looks at one line from the server; true when it is only an answer to us: an echo, an error, a PONG. */
  receive(line: IrcLine, ownNick: string, casemapping: Casemapping): boolean {
    const label = this.#labelOf(line);
    if (label !== undefined) {
      const pending = this.#pending.find((each) => each.label === label);
      if (pending) return this.#answer(pending, line) && !CHANGES.has(line.command);
    }
    if (line.command === 'PONG') return this.#fence(line.params.at(-1) ?? '');
    if (this.#pending.length === 0) return false;
    if (isErrorNumeric(line.command)) return this.#refuse(line, casemapping);
    if (line.source && fold(line.source.name, casemapping) === fold(ownNick, casemapping)) {
      return this.#echo(line, casemapping) && !CHANGES.has(line.command);
    }
    return false;
  }

  /** The connection ended: nothing more will be proved. */
  close(): void {
    for (const pending of this.#pending.slice()) this.#settle(pending, { outcome: 'unsure', why: 'lost' });
    this.#batches.clear();
  }

  #labelOf(line: IrcLine): string | undefined {
    const direct = line.tags.get('label');
    if (line.command === 'BATCH') {
      const reference = line.params[0] ?? '';
      if (reference.startsWith('-')) this.#batches.delete(reference.slice(1));
      else if (direct !== undefined && this.#batches.size < BATCHES_MAX) this.#batches.set(reference.slice(1), direct);
      return undefined;
    }
    return direct ?? this.#batches.get(line.tags.get('batch') ?? '');
  }

  #answer(pending: Pending, line: IrcLine): boolean {
    if (isErrorNumeric(line.command)) {
      this.#settle(pending, { outcome: 'refused', code: line.command, text: line.params.at(-1) ?? '' });
    } else if (line.command === 'FAIL') {
      this.#settle(pending, { outcome: 'refused', code: line.params[1] ?? 'FAIL', text: line.params.at(-1) ?? '' });
    } else if (line.command === pending.command || line.command === 'ACK') {
      this.#settle(pending, arrived('label', line));
    } else {
      // RPL_AWAY and the like come with the label too; the echo or ACK follows.
      return false;
    }
    return true;
  }

  #echo(line: IrcLine, casemapping: Casemapping): boolean {
    const target = fold(line.params[0] ?? '', casemapping);
    const pending = this.#pending.find(
      (each) =>
        each.label === null &&
        each.command === line.command &&
        fold(each.target, casemapping) === target &&
        (line.command === 'JOIN' || each.text === (line.params[1] ?? '')),
    );
    if (pending) this.#settle(pending, arrived('echo', line));
    return pending !== undefined;
  }

  #refuse(line: IrcLine, casemapping: Casemapping): boolean {
    // ERR_NOSUCHNICK and ERR_CANNOTSENDTOCHAN name the target second; a few name only the command.
    const about = fold(line.params[1] ?? '', casemapping);
    const pending = this.#pending.find(
      (each) =>
        each.label === null &&
        (fold(each.target, casemapping) === about ||
          ((line.command === NUMERIC.ERR_NOTEXTTOSEND || line.command === NUMERIC.ERR_INPUTTOOLONG) &&
            line.params.length <= 2)),
    );
    if (!pending) return false;
    this.#settle(pending, { outcome: 'refused', code: line.command, text: line.params.at(-1) ?? '' });
    return true;
  }

  #fence(token: string): boolean {
    if (!token.startsWith('pons-fence-')) return false;
    for (const pending of this.#pending.filter((each) => each.fence === token && each.label === null)) {
      this.#settle(pending, { outcome: 'arrived', proof: 'pong' });
    }
    return true;
  }

  #startTimeout(pending: Pending): void {
    if (!this.#pending.includes(pending)) return;
    pending.cancelTimeout = this.#clock.after(PROOF_TIMEOUT_MS, () =>
      this.#settle(pending, { outcome: 'unsure', why: 'timeout' }),
    );
  }

  #settle(pending: Pending, delivery: Delivery): void {
    const index = this.#pending.indexOf(pending);
    if (index < 0) return;
    this.#pending.splice(index, 1);
    pending.cancelTimeout?.();
    pending.resolve(delivery);
  }
}

function arrived(proof: 'label' | 'echo', line: IrcLine): Delivery {
  const msgid = line.tags.get('msgid');
  const time = line.tags.get('time');
  return {
    outcome: 'arrived',
    proof,
    ...(msgid === undefined ? {} : { msgid }),
    ...(time === undefined ? {} : { time }),
  };
}
