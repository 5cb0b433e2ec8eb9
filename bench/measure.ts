// What every bench needs: HTTP calls over kept connections, CPU time of a process tree split into Node and PostgreSQL, and figures.
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';

/** An HTTP answer of 400 or more. */
export class CallError extends Error {
  readonly status: number;
  readonly body: Record<string, unknown>;
  constructor(message: string, status: number, body: Record<string, unknown>) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}
export type Call = <T = Record<string, unknown>>(method: string, path: string, options?: CallOptions) => Promise<T>;

/** Calls to one server over at most 64 kept connections. */
export function caller(base: string): { call: Call; close: () => void } {
  const { hostname, port } = new URL(base);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const call: Call = (method, path, { token, body, timeoutMs = 120_000 } = {}) =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers: http.OutgoingHttpHeaders = {};
      if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
      if (payload !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = Buffer.byteLength(payload);
      }
      const request = http.request({ agent, hostname, port, method, path, headers, timeout: timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const json = (text === '' ? {} : JSON.parse(text)) as never;
          const status = response.statusCode ?? 0;
          if (status >= 400) reject(new CallError(`${method} ${path}: ${status} ${text.slice(0, 300)}`, status, json));
          else resolve(json);
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)));
      request.on('error', reject);
      request.end(payload);
    });
  return { call, close: () => agent.destroy() };
}

const tickMs = 10; // CLK_TCK is 100 on every Linux that Node runs on

/** CPU milliseconds so far: [the Node process, its descendants (PostgreSQL)]. */
export function cpuMs(pid: number): [number, number] {
  const children = new Map<number, number[]>();
  const times = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      continue; // the process ended meanwhile
    }
    const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const parent = Number(field[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    times.set(Number(name), field.slice(11, 15).map(Number));
  }
  const own = times.get(pid) ?? [0, 0];
  let database = 0;
  const queue = [...(children.get(pid) ?? [])];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = times.get(next) ?? [];
    database += user + system + childUser + childSystem;
    queue.push(...(children.get(next) ?? []));
  }
  return [((own[0] ?? 0) + (own[1] ?? 0)) * tickMs, database * tickMs];
}

/** Resident memory of a process, MB. */
export function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}

export interface Figures {
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentiles of milliseconds. */
export function percentiles(list: readonly number[]): Figures {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** Two decimals. */
export const round = (value: number): number => Math.round(value * 100) / 100;
/** CPU of one operation, ms: a floor of 0.17 rounded to hundredths would move a ratio by 3 %. */
export const roundCpu = (value: number): number => Math.round(value * 10_000) / 10_000;

/** work(0) … work(count - 1), `width` at a time. */
export async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
