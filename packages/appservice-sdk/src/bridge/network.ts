// What the author of a bridge writes and what the kit promises: the types of one network, no code.
// A beginner needs: defineNetwork, connect, to.message, from (text). All else is optional. What the author writes decides what the
// bridge can do: a verb in `to` that exists is supported, one that is absent takes `without` (default: a readable fallback), never
// silence. So a capability cannot be claimed without the code for it.

import type { Log } from '../log.ts';

export type { Log };

/** A plain string may be given anywhere; an id of one kind is not accepted for another kind. */
export type Id<K extends string> = string & { readonly __id?: K };
export type UserId = Id<'user'>;
export type LoginId = Id<'login'>;
export type MsgId = Id<'msg'>;
export type PartId = Id<'part'>;
/** One room for everybody, or, with `receiver`, one per login (DMs of networks whose ids mean something only to their owner). */
export type Chat = Id<'chat'> | { id: Id<'chat'>; receiver: LoginId };
export type Ref = MsgId | { msg: MsgId; part: PartId };
export type Who = 'me' | UserId;

// ---- the message: parts of an AST. The kit owns HTML <-> AST, the network owns AST <-> its own markup
/** A string is text, but the string `'br'` is a line break: a text that is exactly "br" is given as two strings, `'b', 'r'`. */
export type Inline =
  | string
  | { b: Inline[] }
  | { i: Inline[] }
  | { u: Inline[] }
  | { s: Inline[] }
  | { code: string }
  | { link: string; text: Inline[] }
  // oxlint-disable-next-line typescript/no-redundant-type-constituents -- named because it means a line break
  | 'br'
  // oxlint-disable-next-line typescript/no-redundant-type-constituents -- 'room' is a value of its own, not an id
  | { mention: UserId | 'room'; label: string }
  | { chat: Chat; label: string }
  | { emoji: string; image?: Media }
  | { color: string; bg?: string; text: Inline[] }
  | { spoiler: Inline[]; why?: string };
export type Block =
  | { p: Inline[] }
  | { quote: Block[] }
  | { pre: string; lang?: string }
  | { list: Block[][]; from?: number }
  | { heading: Inline[]; level: number }
  | { hr: true };
export interface Media {
  kind: 'image' | 'video' | 'audio' | 'voice' | 'gif' | 'sticker' | 'file';
  name: string;
  mime: string;
  size?: number;
  width?: number;
  height?: number;
  durationMs?: number;
  viewOnce?: boolean;
  /** Streams from `offset`. For remote media do not download: give `remote`, the kit calls `get.media` when somebody looks (or copies at once, as configured). */
  open?(offset?: number): Promise<ReadableStream<Uint8Array>>;
  remote?: string;
}
export interface MatrixMedia extends Media {
  open(offset?: number): Promise<ReadableStream<Uint8Array>>;
  /** to what the network takes; throws Unsupported */ as(want: {
    mimes: readonly string[];
    maxBytes?: number;
    maxPixels?: number;
  }): Promise<MatrixMedia>;
  link(ttlMs?: number): Promise<string>;
}
export interface Part<M extends Media = Media> {
  id?: PartId;
  style?: 'text' | 'notice' | 'emote';
  blocks?: Block[];
  media?: M;
  location?: { lat: number; lon: number; label?: string };
  contact?: { name: string; vcard: string };
  poll?: { question: string; options: { id: string; text: Inline[] }[]; max?: number; endsAt?: Date };
}
export interface Message<M extends Media = Media> {
  parts: Part<M>[];
  replyTo?: Ref;
  thread?: MsgId;
  expire?: { afterMs: number; from: 'sent' | 'read' };
  as?: { name: string; avatar?: Media };
  forwarded?: boolean;
}

// ---- what comes from the network: plain data, stored before emit() resolves, so await it before acknowledging to the network
export interface From {
  chat: Chat;
  from: Who;
  at?: Date;
  /** sorts within the chat where `at` is too coarse */ order?: string;
}
export type RemoteEvent =
  | (From & { t: 'message'; id: MsgId; message: Message /** our own send coming back */; echoOf?: string })
  | (From & {
      t: 'edit';
      id: MsgId;
      /** parts by id: given ones change, new ones are added, `null` is removed */ parts:
        | Part[]
        | Record<PartId, Part | null>;
    })
  | (From & { t: 'remove'; target: Ref; forMeOnly?: boolean })
  | (From & { t: 'react'; target: Ref; key: string; image?: Media; on: boolean })
  | (From & { t: 'reactions'; target: Ref; all: Record<UserId, string[]> })
  | (From & { t: 'vote'; poll: Ref; options: string[] })
  | (From & { t: 'typing'; forMs: number })
  | (From & { t: 'read'; upTo: MsgId })
  | (From & { t: 'read'; only: MsgId[] })
  | { t: 'delivered'; chat: Chat; ids: MsgId[]; to?: UserId }
  | { t: 'sent'; chat: Chat; key: string; id: MsgId }
  | { t: 'refused'; chat: Chat; key: string; why: Failure; text: string }
  | {
      t: 'chat';
      chat: Chat;
      info: Partial<ChatInfo>;
      /** the newest message there: the kit fetches what it misses through get.history */ newest?: {
        id: MsgId;
        at: Date;
      };
    }
  | {
      t: 'member';
      chat: Chat;
      user: Who;
      to: 'join' | 'leave' | 'invite' | 'knock' | 'ban';
      by?: Who;
      power?: number;
      reason?: string;
      at?: Date;
    }
  | { t: 'user'; user: UserId; info: Partial<UserInfo> }
  | { t: 'same-user'; was: UserId; now: UserId }
  | { t: 'moved'; was: Chat; now: Chat }
  | { t: 'gone'; chat: Chat; forMeOnly?: boolean }
  | { t: 'mark'; chat: Chat; unread?: boolean; mutedUntil?: Date | null; archived?: boolean; pinned?: boolean };
export interface ChatInfo {
  kind: 'dm' | 'group' | 'channel' | 'space';
  name: string | null;
  topic: string | null;
  avatar: Media | null;
  parent: Chat | null;
  public: boolean;
  request: boolean;
  readOnly: boolean;
  /** 'partial': those named are in it, others may be; a full list removes who is absent */
  members: { list: Record<UserId, { power?: number; nick?: string }>; partial?: boolean; total?: number };
  expire: { afterMs: number; from: 'sent' | 'read' } | null;
  /** what differs in this chat from the network's own */ limits: Partial<Limits>;
  without: (keyof To<never>)[];
}
export interface UserInfo {
  name: string;
  avatar: Media | null;
  bot: boolean;
  ids: string[] /* tel:, mailto:, @handle */;
  presence: 'online' | 'away' | 'offline';
  blocked: boolean;
}

// ---- what goes to the network
export type Failure =
  | 'login'
  | 'forbidden'
  | 'too-big'
  | 'unsupported'
  | 'not-found'
  | 'rate'
  | 'try-again'
  | 'unknown';
export interface Ctx {
  /** stable over retries and restarts: the network's nonce */ key: string;
  attempt: number;
  signal: AbortSignal;
  at: Date;
  relay?: { user: string; name: string; avatar?: MatrixMedia };
  raw: Readonly<Record<string, unknown>>;
  fail(why: Failure, text: string, retryAfterMs?: number): never;
}
export type Sent =
  | { id: MsgId; at?: Date /** when the network made several of it */; also?: MsgId[] }
  | { waitFor: 'echo' | 'sent'; forMs?: number };
/** Verbs. Each optional but `message`. */
export interface To<S> {
  message(s: S, e: { chat: Chat; message: Message<MatrixMedia> }, c: Ctx): Promise<Sent>;
  edit?(s: S, e: { chat: Chat; target: Ref; message: Message<MatrixMedia> }, c: Ctx): Promise<void>;
  remove?(s: S, e: { chat: Chat; target: Ref; reason?: string }, c: Ctx): Promise<void>;
  react?(s: S, e: { chat: Chat; target: Ref; key: string; image?: MatrixMedia; on: boolean }, c: Ctx): Promise<void>;
  vote?(s: S, e: { chat: Chat; poll: Ref; options: string[] }, c: Ctx): Promise<void>;
  read?(s: S, e: { chat: Chat; upTo: MsgId; thread?: MsgId; private: boolean }, c: Ctx): Promise<void>;
  typing?(s: S, e: { chat: Chat; on: boolean; thread?: MsgId }): void;
  presence?(s: S, state: UserInfo['presence']): void;
  info?(
    s: S,
    e: { chat: Chat; set: Partial<Pick<ChatInfo, 'name' | 'topic' | 'avatar' | 'expire'>> },
    c: Ctx,
  ): Promise<void>;
  mark?(s: S, e: Extract<RemoteEvent, { t: 'mark' }>, c: Ctx): Promise<void>;
  member?(
    s: S,
    e: { chat: Chat; user: UserId; to: 'invite' | 'kick' | 'ban' | 'unban' | 'power'; power?: number; reason?: string },
    c: Ctx,
  ): Promise<void>;
  leave?(s: S, chat: Chat, c: Ctx): Promise<void>;
  create?(s: S, e: { kind: ChatInfo['kind']; name?: string; users: UserId[]; parent?: Chat }, c: Ctx): Promise<Chat>;
  accept?(s: S, chat: Chat, yes: boolean, c: Ctx): Promise<void>;
  block?(s: S, user: UserId, on: boolean, c: Ctx): Promise<void>;
}
/** Questions the kit asks. */
export interface Get<S> {
  chat(s: S, chat: Chat): Promise<Partial<ChatInfo> | null>;
  user?(s: S, user: UserId): Promise<Partial<UserInfo> | null>;
  chats?(s: S, after?: string): Promise<{ chats: Chat[]; after?: string }>;
  /** older or newer than an anchor; the kit keeps the cursor and asks again after a restart */
  history?(
    s: S,
    q: {
      chat: Chat;
      thread?: MsgId;
      way: 'older' | 'newer';
      anchor?: { id: MsgId; at: Date };
      cursor?: string;
      limit: number;
    },
  ): Promise<{ events: RemoteEvent[]; cursor?: string; more: boolean }>;
  media?(s: S, remote: string): Promise<ReadableStream<Uint8Array>>;
  emoji?(s: S, name: string): Promise<Media | null>;
  find?(s: S, text: string): Promise<{ user?: UserId; chat?: Chat; info?: Partial<UserInfo> } | null>;
  search?(s: S, text: string, limit: number): Promise<{ user: UserId; info: Partial<UserInfo> }[]>;
  /** after a crash between send and answer, on networks without nonces: did it go out? */ wasSent?(
    s: S,
    e: { chat: Chat; key: string; since: Date },
  ): Promise<MsgId | null>;
}
export interface Limits {
  text: { max: number; unit: 'bytes' | 'chars'; lines?: number; over: 'split' | 'file' | 'refuse' };
  format: readonly string[] | 'all';
  media: { maxBytes: number; mimes: readonly string[] };
  edit: { forMs: number; times?: number };
  remove: { forMs: number };
  reactions: { perUser: number; allowed?: readonly string[] };
  rate: { per: 'chat' | 'login' | 'network'; perSecond: number; burst: number };
}
/** One login = one remote account of one Matrix user. A user may have several; several users may share a chat. */
export interface Login<Cred, Cfg> {
  id: LoginId;
  /** the remote user that this login is: lets other logins' rooms show the person and not a ghost. Assign it when the network renames the login. */ self: UserId;
  cred: Cred;
  cfg: Cfg;
  signal: AbortSignal;
  log: Log;
  /** the network's listener: it alone emits what shared chats say; the others emit only what concerns themselves */
  relay: boolean;
  emit(e: RemoteEvent): Promise<void>;
  status(s: 'connecting' | 'connected' | 'unstable' | 'logged-out', why?: string): void;
  save(cred: Cred): Promise<void>;
  /** cursors, session keys: durable; a set joins the inbox write of the same tick */ kv: {
    get(k: string): Promise<Uint8Array | undefined>;
    set(k: string, v: Uint8Array | null): Promise<void>;
  };
  /** what networks with one socket per workspace or per bot share between logins; closed with the last */ share<T>(
    key: string,
    open: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
  /** the way out: any client-server call as the bot or a ghost */ matrix(as?: UserId): {
    call(method: string, path: string, body?: unknown): Promise<unknown>;
  };
}
/** The same flow serves chat, HTTP and the web page; each await is a step that survives a restart of the page. */
export interface Ui {
  /** of the login that is being renewed */ before?: unknown;
  signal: AbortSignal;
  form<
    const F extends Record<
      string,
      {
        label: string;
        kind?: 'text' | 'password' | 'phone' | 'email' | 'code' | 'select' | 'url';
        options?: readonly string[];
        check?(v: string): string | undefined;
      }
    >,
  >(f: F, text?: string): Promise<{ [K in keyof F]: string }>;
  /** a QR code or a code may be replaced until `done` resolves */ show<T>(
    first: { qr: string } | { code: string } | { link: string },
    done: (replace: (next: { qr: string } | { code: string }) => void) => Promise<T>,
  ): Promise<T>;
  cookies<const N extends string>(w: {
    url: string;
    want: readonly N[];
    doneAt?: string;
    userAgent?: string;
    script?: string;
  }): Promise<Record<N, string>>;
  oauth(w: { start(redirectUri: string, state: string): string }): Promise<URLSearchParams>;
  webauthn(options: object): Promise<object>;
}
export interface Network<S, Cred, Cfg> {
  id: string;
  name: string;
  icon?: string;
  config?: { parse(x: unknown): Cfg };
  login: Record<
    string,
    { title: string; run(ui: Ui, cfg: Cfg): Promise<{ id: LoginId; self: UserId; name: string; cred: Cred }> }
  >;
  /** An account for a Matrix user who never logged in (IRC: a connection of their own); null: they are relayed. */
  autoLogin?(
    user: { mxid: string; name: string },
    cfg: Cfg,
  ): Promise<{ id: LoginId; self: UserId; name: string; cred: Cred } | null>;
  logout?(cred: Cred, cfg: Cfg): Promise<void>;
  connect(login: Login<Cred, Cfg>): Promise<S>;
  close?(s: S): Promise<void>;
  to: To<S>;
  get?: Partial<Get<S>>;
  limits?: Partial<Limits>;
  without?: Partial<Record<keyof To<never>, 'fallback' | 'drop' | 'refuse'>>;
  /** a woken phone-push: keeps accounts alive that sleep*/ push?: {
    kinds: readonly ('web' | 'fcm' | 'apns')[];
    register(s: S, kind: string, token: string): Promise<void>;
    woken(s: S, payload: Uint8Array): Promise<void>;
  };
  routes?: Record<
    `/${string}`,
    (r: Request, h: { cfg: Cfg; login(id: LoginId): Login<Cred, Cfg> | undefined }) => Promise<Response>
  >;
  commands?: Record<
    string,
    {
      help: string;
      args?: readonly string[];
      admin?: boolean;
      run(args: string[], l: Login<Cred, Cfg>, s: S, chat?: Chat): Promise<string>;
    }
  >;
}
