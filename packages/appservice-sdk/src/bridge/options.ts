// What a bridge is started with: the network, where Matrix is, and which chats are which rooms.
// runBridge takes it; a bridge's main.ts fills it from its configuration file.

import type { Clock } from '../client/clock.ts';
import type { Registration } from '@pons/registration';
import type { Chat, Log, LoginId, Network, UserId } from './network.ts';

/** A network whose own types do not matter here. */
export type AnyNetwork = Network<unknown, unknown, unknown>;

/** Everything `runBridge` needs. */
export interface BridgeOptions<S, Cred, Cfg> {
  readonly network: Network<S, Cred, Cfg>;
  /** The registration that the homeserver also has, or the path of its file. */
  readonly registration: Registration | string;
  /** Where the homeserver's client-server API is, e.g. `http://127.0.0.1:8008`. */
  readonly homeserverUrl: string;
  /** The homeserver's name: what stands after the colon of its users. */
  readonly domain: string;
  /** Path of the SQLite file that keeps everything; made if absent. `:memory:` keeps nothing. */
  readonly store: string;
  readonly config?: BridgeConfig<Cred>;
  /** Where the homeserver's transactions are received. Port 0 takes any free one. */
  readonly listen: { readonly port: number; readonly bind?: string };
  readonly clock?: Clock;
  readonly log?: Log;
}

/** What the person who runs the bridge decides. */
export interface BridgeConfig<Cred> {
  /** Given to the network's `config.parse`. */
  readonly network?: unknown;
  /** The listener: the login that hears what shared chats say, and speaks for whoever has no login of their own. */
  readonly relay?: { readonly id: LoginId; readonly self: UserId; readonly name: string; readonly cred: Cred };
  readonly portals?: readonly PortalMapping[];
  readonly ghosts?: {
    /** Localpart of a ghost; `{user}` is the escaped remote id. Default `_<network id>_{user}`. */
    readonly localpart?: string;
    /** Display name of a ghost; `{name}` is the remote name. Default `{name}`. */
    readonly displayName?: string;
  };
  /** Localpart of the alias of a room made for a shared chat without a mapping; `{chat}` is the escaped chat id. Default `_<network id>_{chat}`. */
  readonly aliases?: string;
  /** Logins made by `autoLogin` that may be connected at once; the one idle longest is closed for the next. Default 200. */
  readonly connectedMax?: number;
  /** Where people reach the listener, for links to media: `https://bridge.example.org`. Default: the address that it listens on. */
  readonly publicUrl?: string;
  /** Whether each delivery is told by a `com.beeper.message_send_status` event, or only failures. Default `failures`. */
  readonly statusEvents?: 'failures' | 'all';
}

/** One chat that is one room. */
export interface PortalMapping {
  readonly chat: Chat;
  /** Room ID (`!…`) or alias (`#…:domain`). A room with an alias of this domain is made when there is none. */
  readonly room: string;
  /** Name of the room when it is made here. Default: what the network calls the chat. */
  readonly name?: string;
}

/** A bridge that runs. */
export interface RunningBridge {
  /** The port that the listener got. */
  readonly port: number;
  /** Resolves when the homeserver knows and reaches the bridge. @throws {OperatorError} what is to be mended when it does not */
  met(): Promise<void>;
  /** Resolves when, besides that, the listener login is connected and every configured portal has its room. */
  ready(): Promise<void>;
  /** The room of a chat, once there is one. */
  roomOf(chat: Chat): string | undefined;
  /** Stops accepting, finishes what is in flight for 10 s at most, closes sessions and the store. */
  stop(): Promise<void>;
}
