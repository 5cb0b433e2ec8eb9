// A person with matrix-js-sdk and its cryptography, which shares no code with ours: makes and enters rooms, says, reads, and knows of each
// message whether it came encrypted.

import {
  AuthType,
  createClient,
  EventTimeline,
  type ICreateRoomOpts,
  type MatrixClient,
  type MatrixEvent,
  Method,
  MsgType,
  Preset,
} from 'matrix-js-sdk';
import { type Logger, logger as sdkLogger } from 'matrix-js-sdk/lib/logger.js';
import { eventually } from './eventually.ts';

const silent: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silent };
// Parts of the SDK use the logger of all clients, and its `log`.
Object.assign(sdkLogger, silent, { log() {} });
/** Events of one page of history. */
const pageLimit = 100;
const encryption = {
  type: 'm.room.encryption',
  state_key: '',
  content: { algorithm: 'm.megolm.v1.aes-sha2' },
};

/** A message as the person sees it. */
export interface Read {
  readonly sender: string;
  readonly body: string;
  readonly encrypted: boolean;
}

export class Human {
  readonly client: MatrixClient;

  constructor(client: MatrixClient) {
    this.client = client;
  }

  /** Makes an account and waits until the client is in step. */
  static async register(baseUrl: string, username: string): Promise<Human> {
    const session = await createClient({ baseUrl, logger: silent }).registerRequest({
      username,
      password: `password of ${username}`,
      auth: { type: AuthType.Dummy },
    });
    const client = createClient({
      baseUrl,
      logger: silent,
      accessToken: session.access_token ?? '',
      userId: session.user_id,
      deviceId: session.device_id ?? '',
    });
    await client.initRustCrypto({ useIndexedDB: false });
    await client.startClient({ initialSyncLimit: 100 });
    await eventually(`${username} is in step`, () => client.isInitialSyncComplete());
    return new Human(client);
  }

  leave(): void {
    this.client.stopClient();
  }

  get userId(): string {
    return this.client.getSafeUserId();
  }

  /** Opens a direct chat; answers its room once the other has come in. */
  async openChat(userId: string, { encrypted }: { readonly encrypted: boolean }): Promise<string> {
    const options: ICreateRoomOpts = {
      preset: Preset.TrustedPrivateChat,
      is_direct: true,
      invite: [userId],
      ...(encrypted ? { initial_state: [encryption] } : {}),
    };
    const { room_id: roomId } = await this.client.createRoom(options);
    await eventually(
      `${userId} comes into the chat`,
      () => this.client.getRoom(roomId)?.getMember(userId)?.membership === 'join',
    );
    return roomId;
  }

  /** Enters the next room that it is invited to whose name the pattern matches (all, without). */
  async acceptInvitation(name: RegExp = /^/): Promise<string> {
    const { roomId } = await eventually(`an invitation to ${name.source}`, () =>
      this.client.getRooms().find((room) => room.getMyMembership() === 'invite' && name.test(room.name)),
    );
    await this.client.joinRoom(roomId);
    await eventually('to be in the room', () => this.client.getRoom(roomId)?.getMyMembership() === 'join');
    return roomId;
  }

  /** Waits until it is in a room that it did not enter itself. */
  async isBrought(name: RegExp): Promise<string> {
    const { roomId } = await eventually(`to be brought into ${name.source}`, () =>
      this.client.getRooms().find((room) => room.getMyMembership() === 'join' && name.test(room.name)),
    );
    return roomId;
  }

  /** Lets an application service speak for this person. */
  async consentTo(appservice: string): Promise<void> {
    const options = { prefix: '/_pons/client/v1', priority: undefined };
    await this.client.http.authedRequest(Method.Put, `/appservice/consent/${appservice}`, undefined, {}, options);
  }

  /** The last event that it has read, as the homeserver says. */
  readUpTo(roomId: string): string | null {
    return this.client.getRoom(roomId)?.getEventReadUpTo(this.userId, true) ?? null;
  }

  async say(roomId: string, body: string): Promise<string> {
    const { event_id: eventId } = await this.client.sendMessage(roomId, { msgtype: MsgType.Text, body });
    return eventId;
  }

  /** Says something and waits for the other side's word on it. */
  async ask(roomId: string, body: string, answer: RegExp): Promise<Read> {
    const before = this.messages(roomId).length;
    await this.say(roomId, body);
    return eventually(`an answer ${answer.source} to ${JSON.stringify(body)}`, () =>
      this.messages(roomId)
        .slice(before)
        .find((message) => message.sender !== this.userId && answer.test(message.body)),
    );
  }

  /** Waits for a message with exactly this text. */
  hear(roomId: string, body: string): Promise<Read> {
    return eventually(`${JSON.stringify(body)} is read`, () =>
      this.messages(roomId).find((message) => message.body === body),
    );
  }

  /** All messages of a room that can be read. */
  messages(roomId: string): Read[] {
    return this.#events(roomId).flatMap((event) => {
      const { body } = event.getContent();
      if (event.getType() !== 'm.room.message' || typeof body !== 'string' || event.isDecryptionFailure()) return [];
      return [{ sender: event.getSender() ?? '', body, encrypted: event.isEncrypted() }];
    });
  }

  /** Reads a room back to its beginning; all events that the client then has, oldest first. */
  async history(roomId: string): Promise<MatrixEvent[]> {
    const room = this.client.getRoom(roomId);
    if (room === null) throw new Error(`${this.userId} does not know ${roomId}`);
    await eventually('the room is read to its beginning', async () => {
      await this.client.scrollback(room, pageLimit);
      return room.oldState.paginationToken === null;
    });
    return this.#events(roomId);
  }

  /** The devices of somebody as this client knows them: whether each is signed by its owner. */
  async devicesOf(userId: string): Promise<boolean[]> {
    const crypto = this.client.getCrypto();
    if (crypto === undefined) throw new Error('no cryptography');
    const ids = [...((await crypto.getUserDeviceInfo([userId])).get(userId)?.keys() ?? [])];
    const statuses = await Promise.all(ids.map((id) => crypto.getDeviceVerificationStatus(userId, id)));
    return statuses.map((status) => status?.signedByOwner === true);
  }

  /** How many messages of all rooms could not be decrypted. */
  undecryptable(): number {
    return this.client.getRooms().reduce((sum, { roomId }) => {
      const failed = this.#events(roomId).filter((event) => event.isDecryptionFailure());
      return sum + failed.length;
    }, 0);
  }

  isEncrypted(roomId: string): boolean {
    const state = this.client.getRoom(roomId)?.getLiveTimeline().getState(EventTimeline.FORWARDS);
    return state?.getStateEvents('m.room.encryption', '') !== null;
  }

  #events(roomId: string): MatrixEvent[] {
    return this.client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? [];
  }
}
