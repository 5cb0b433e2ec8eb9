// An application service that acknowledges what it gets and remembers it: for each transaction id the hash of its bytes, for each
// event how often and under which ids it came. Tests ask it whether anything was lost, doubled or altered.
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

interface ReceivedEvent {
  readonly event_id: string;
  readonly room_id: string;
  readonly type: string;
  readonly sender: string;
  readonly content: Record<string, unknown>;
}

export class RecordingAppservice {
  /** Transaction id → hash of its bytes, one per attempt. */
  readonly attempts = new Map<string, string[]>();
  /** Event id → the transaction ids that brought it. */
  readonly events = new Map<string, Set<string>>();
  readonly order: ReceivedEvent[] = [];
  readonly asToken = randomBytes(32).toString('hex');
  port = 0;
  /** Called before each acknowledgement; a test may refuse by answering another status. */
  answer: (txnId: string) => number = () => 200;
  private readonly server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const txnId = /\/transactions\/([^/?]+)/.exec(request.url ?? '')?.[1];
      const status = request.method === 'PUT' && txnId !== undefined ? this.take(txnId, Buffer.concat(chunks)) : 200;
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(status === 200 ? '{}' : '{"errcode":"M_UNKNOWN","error":"refused by the test"}');
    });
  });

  private take(txnId: string, bytes: Buffer): number {
    const hashes = this.attempts.get(txnId) ?? [];
    hashes.push(createHash('sha256').update(bytes).digest('hex'));
    this.attempts.set(txnId, hashes);
    const status = this.answer(txnId);
    if (status !== 200) return status;
    const { events } = JSON.parse(bytes.toString()) as { events: ReceivedEvent[] };
    for (const event of events) {
      const seen = this.events.get(event.event_id);
      if (seen === undefined) {
        this.events.set(event.event_id, new Set([txnId]));
        this.order.push(event);
      } else seen.add(txnId);
    }
    return status;
  }

  /** Listens, and writes its registration into a folder as `recorder.yaml`: `recorder` is its sender, `users` its namespace. */
  async start(dir: string, users = '@rec_.*'): Promise<void> {
    const port = await this.listen();
    const registration = {
      id: 'recorder',
      url: `http://127.0.0.1:${port}`,
      as_token: this.asToken,
      hs_token: randomBytes(32).toString('hex'),
      sender_localpart: 'recorder',
      rate_limited: false,
      namespaces: { users: [{ exclusive: false, regex: users }], rooms: [], aliases: [] },
    };
    writeFileSync(path.join(dir, 'recorder.yaml'), JSON.stringify(registration));
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', () => {
        this.port = (this.server.address() as AddressInfo).port;
        resolve(this.port);
      });
    });
  }
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
