// Who is who on IRC: the listener, a connection for each Matrix user who never logged in, and people with a nick and account of
// their own. Called by the kit, which keeps what is returned here.

import type { LoginId, Ui, UserId } from '@pons/appservice-sdk/bridge';
import type { IrcConfig } from './config.ts';
import { nickFor, sanitiseNick } from './protocol/nick.ts';
import type { SaslAccount } from './protocol/sasl.ts';
import { oneLine } from './text/one-line.ts';

/** What the kit keeps of a login. */
export interface IrcAccount {
  nick: string;
  username: string;
  realname: string;
  sasl?: SaslAccount;
}

/** A login as the kit takes it. */
export interface NewLogin {
  id: LoginId;
  self: UserId;
  name: string;
  cred: IrcAccount;
}

/** Characters of a user name that networks take (USERLEN is 10 on most). */
const USERNAME_LENGTH_MAX = 10;
/** Bytes of a real name: more is cut by servers, often inside a character. */
const REALNAME_BYTES_MAX = 100;

/** The login of the listener. */
export function listenerLogin(cfg: IrcConfig): NewLogin {
  const { nick, username, realname, sasl } = cfg.listener;
  return {
    id: 'listener',
    // No nick begins with a tilde: nobody on IRC is ever taken for the listener.
    self: '~listener',
    name: nick,
    cred: { nick, username, realname, ...(sasl === undefined ? {} : { sasl }) },
  };
}

/**
 * The login of a Matrix user who has none; null when they are to be relayed.
 * `self` is the Matrix id: a wished nick may turn out to be somebody else's.
 */
export function puppetLogin(user: { mxid: string; name: string }, cfg: IrcConfig, nickLength: number): NewLogin | null {
  if (!cfg.puppets.enabled) return null;
  const localpart = user.mxid.slice(1).split(':')[0] ?? '';
  const fill = (template: string): string =>
    template
      .replaceAll('{displayname}', () => user.name)
      .replaceAll('{localpart}', () => localpart)
      .replaceAll('{mxid}', () => user.mxid);
  const nick = nickFor([fill(cfg.puppets.nick), localpart], nickLength);
  return {
    id: `auto ${user.mxid}`,
    self: user.mxid,
    name: nick,
    cred: {
      nick,
      username: usernameFor(localpart),
      realname: oneLine(fill(cfg.puppets.realname), REALNAME_BYTES_MAX) || 'Matrix user',
    },
  };
}

/** A login with a nick of one's own, and the account that holds it. */
export async function accountLogin(ui: Ui): Promise<NewLogin> {
  const answer = await ui.form({
    nick: { label: 'Nick', check: (value) => (sanitiseNick(value, 64) === value ? undefined : 'This is not a nick') },
    user: { label: 'Account name, if you have one' },
    password: { label: 'Password of the account', kind: 'password' },
  });
  const sasl =
    answer.user === '' ? {} : { sasl: { user: oneLine(answer.user, REALNAME_BYTES_MAX), password: answer.password } };
  return {
    id: `nick ${answer.nick.toLowerCase()}`,
    self: `~${answer.nick.toLowerCase()}`,
    name: answer.nick,
    cred: { nick: answer.nick, username: usernameFor(answer.nick), realname: answer.nick, ...sasl },
  };
}

function usernameFor(name: string): string {
  const legal = name
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '')
    .replace(/^-+/, '');
  return (legal === '' ? 'matrix' : legal).slice(0, USERNAME_LENGTH_MAX);
}
