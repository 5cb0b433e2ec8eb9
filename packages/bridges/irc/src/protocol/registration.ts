// The handshake of one connection: CAP, PASS, NICK, USER, SASL, until the server says 001. Pure: lines in, steps out.
//
//   CAP LS 302 · PASS · NICK · USER ──> CAP LS … ──> CAP REQ ──> ACK ──> [AUTHENTICATE … 903] ──> CAP END ──> 001
//
// A server without CAP answers 001 right away. With an account configured we never go on without it: a message under the wrong
// identity is worse than none. https://modern.ircdocs.horse/#connection-registration

import { type CapabilityNegotiation } from './capabilities.ts';
import type { OutLine } from './format-line.ts';
import { nickAttempt } from './nick.ts';
import { NUMERIC } from './numerics.ts';
import type { IrcLine } from './parse-line.ts';
import { type SaslAccount, saslPlain } from './sasl.ts';

/** Who registers. */
export interface Identity {
  nick: string;
  user: string;
  realname: string;
  /** The server's password (PASS). */
  password?: string;
  sasl?: SaslAccount;
}

/** What one line did to the handshake. */
export type RegistrationStep =
  | { state: 'going-on'; send: OutLine[] }
  | { state: 'registered'; nick: string }
  /** `permanent`: trying again with the same credentials cannot help. */
  | { state: 'refused'; why: string; permanent: boolean };

/** Nicks tried before giving up on this connection. */
const NICK_ATTEMPTS_MAX = 20;
/** Until 005 nothing is known of the network's limit; a 432 makes us try the old nine characters. */
const NICK_LENGTH_UNKNOWN = 30;
const NICK_LENGTH_OLD = 9;

/** The handshake of one connection. */
export class Registration {
  readonly #identity: Identity;
  readonly #capabilities: CapabilityNegotiation;
  #nickLength = NICK_LENGTH_UNKNOWN;
  #attempt = 0;
  #authentication: 'not-begun' | 'begun' | 'done' = 'not-begun';
  #ended = false;

  constructor(identity: Identity, capabilities: CapabilityNegotiation) {
    this.#identity = identity;
    this.#capabilities = capabilities;
    if (identity.sasl === undefined) this.#authentication = 'done';
  }

  /** The lines that open the conversation. */
  start(): OutLine[] {
    const { nick, user, realname, password } = this.#identity;
    return [
      { command: 'CAP', params: ['LS', '302'] },
      ...(password === undefined ? [] : [{ command: 'PASS', params: [password] }]),
      { command: 'NICK', params: [nick] },
      { command: 'USER', params: [user, '0', '*', realname] },
    ];
  }

  /** Takes one line from the server. */
  receive(line: IrcLine): RegistrationStep {
    switch (line.command) {
      case 'CAP':
        return this.#goOn(this.#capabilities.receive(line));
      case 'AUTHENTICATE':
        return this.#authenticate(line.params[0] ?? '');
      case NUMERIC.RPL_SASLSUCCESS:
      case NUMERIC.ERR_SASLALREADY:
        this.#authentication = 'done';
        return this.#goOn([]);
      case NUMERIC.ERR_NICKLOCKED:
      case NUMERIC.ERR_SASLFAIL:
      case NUMERIC.ERR_SASLTOOLONG:
      case NUMERIC.ERR_SASLABORTED:
        return refused(`the network refused the account: ${line.params.at(-1) ?? line.command}`, true);
      case NUMERIC.ERR_PASSWDMISMATCH:
        return refused('the network refused the server password', true);
      case NUMERIC.ERR_YOUREBANNEDCREEP:
        return refused(`the network has banned us: ${line.params.at(-1) ?? ''}`, false);
      case NUMERIC.ERR_NICKNAMEINUSE:
      case NUMERIC.ERR_NICKCOLLISION:
      case NUMERIC.ERR_UNAVAILRESOURCE:
        return this.#nextNick();
      case NUMERIC.ERR_ERRONEUSNICKNAME:
        this.#nickLength = NICK_LENGTH_OLD;
        return this.#nextNick();
      case NUMERIC.RPL_WELCOME:
        if (this.#authentication !== 'done') return refused('the network offers no SASL login now', false);
        return { state: 'registered', nick: line.params[0] ?? this.#identity.nick };
      default:
        return { state: 'going-on', send: [] };
    }
  }

  #goOn(send: OutLine[]): RegistrationStep {
    if (this.#ended || !this.#capabilities.settled) return { state: 'going-on', send };
    if (this.#authentication === 'not-begun') {
      if (!this.#capabilities.enabled.has('sasl') || !this.#offersPlain()) {
        return refused('the network offers no SASL PLAIN login now', false);
      }
      this.#authentication = 'begun';
      return { state: 'going-on', send: [...send, { command: 'AUTHENTICATE', params: ['PLAIN'] }] };
    }
    if (this.#authentication === 'begun') return { state: 'going-on', send };
    this.#ended = true;
    return { state: 'going-on', send: [...send, { command: 'CAP', params: ['END'] }] };
  }

  #offersPlain(): boolean {
    const mechanisms = this.#capabilities.offered('sasl') ?? '';
    return mechanisms === '' || mechanisms.toUpperCase().split(',').includes('PLAIN');
  }

  #authenticate(challenge: string): RegistrationStep {
    const account = this.#identity.sasl;
    if (challenge !== '+' || account === undefined || this.#authentication !== 'begun') {
      return { state: 'going-on', send: [] };
    }
    const send = saslPlain(account).map((chunk) => ({ command: 'AUTHENTICATE', params: [chunk] }));
    return { state: 'going-on', send };
  }

  #nextNick(): RegistrationStep {
    this.#attempt += 1;
    if (this.#attempt > NICK_ATTEMPTS_MAX) return refused('no nick was free', false);
    const nick = nickAttempt(this.#identity.nick, this.#attempt, this.#nickLength);
    return { state: 'going-on', send: [{ command: 'NICK', params: [nick] }] };
  }
}

function refused(why: string, permanent: boolean): RegistrationStep {
  return { state: 'refused', why, permanent };
}
