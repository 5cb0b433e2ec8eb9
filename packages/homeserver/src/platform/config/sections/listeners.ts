// listeners: where the server listens, and what it shows there.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { choice, custom, flag, integer, list, path, type Reading, type ReadShape, section } from '../field.ts';

/** What a listener may show. */
export const servable = ['client', 'federation', 'admin', 'console', 'metrics', 'health'] as const;

/** One listener, complete. */
export interface ListenerSection {
  readonly bind: readonly string[];
  readonly port: number;
  readonly unix?: string;
  readonly serves: readonly (typeof servable)[number][];
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly behindProxy: boolean;
}

const noText = (): string | undefined => undefined;

const shape = {
  bind: custom<readonly string[]>(
    'an address or a list of addresses',
    { about: 'Address to listen on, or a list of addresses.', fallback: () => ['127.0.0.1'], example: '127.0.0.1' },
    (value, at, reading) => {
      const all: unknown[] = Array.isArray(value) ? value : [value];
      const bad = all.find((one) => typeof one !== 'string' || (isIP(one) === 0 && one !== 'localhost'));
      if (bad !== undefined || all.length === 0)
        reading.problem(at, 'must be an address such as 127.0.0.1 or a list of them');
      return all as string[];
    },
  ),
  port: integer(0, 65535, {
    about: 'TCP port; 0 takes any free one, which the ready line names.',
    fallback: () => 8008,
  }),
  unix: custom<string | undefined>(
    'a path',
    { about: 'Path of a unix socket, instead of bind and port.', fallback: noText, example: '/run/pons/http.sock' },
    (value, at, reading) => path({ about: '' }).read(value, at, reading),
  ),
  serves: custom<readonly (typeof servable)[number][] | undefined>(
    `a list of ${servable.join(', ')}`,
    {
      about: `What it shows, of ${servable.join(', ')}. Default: all, but metrics only on loopback and unix sockets.`,
      fallback: () => undefined,
      example: ['client', 'federation'],
    },
    (value, at, reading) => list(choice(servable, { about: '' }), { about: '' }).read(value, at, reading),
  ),
  tls: custom<ListenerSection['tls'] | undefined>(
    'certificate and key',
    {
      about: 'TLS: files of the certificate (with its chain) and its key, PEM.',
      fallback: () => undefined,
      example: { certificate: 'server.crt', key: 'server.key' },
    },
    readTls,
  ),
  behind_proxy: flag({
    about: 'Believe the last address of X-Forwarded-For. Only behind a proxy that sets it.',
    fallback: () => false,
  }),
};

function readTls(value: unknown, at: string, reading: Reading): ListenerSection['tls'] {
  const file = path({ about: '' });
  const { certificate, key } = section({ certificate: file, key: file }, { about: '' }).read(value, at, reading) ?? {};
  if (certificate === undefined || key === undefined) return undefined;
  const [cert, secret] = [readPem(certificate, `${at}.certificate`, reading), readPem(key, `${at}.key`, reading)];
  return cert === undefined || secret === undefined ? undefined : { cert, key: secret };
}

function readPem(file: string, at: string, reading: Reading): string | undefined {
  try {
    const pem = readFileSync(file, 'utf8');
    if (pem.includes('-----BEGIN')) return pem;
    reading.problem(at, `${file} is not a PEM file`);
  } catch (error) {
    // Absent or forbidden: the operator's to mend.
    reading.problem(at, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}

function complete(read: ReadShape<typeof shape>): ListenerSection {
  const { unix, tls, serves, bind } = read;
  const local = unix !== undefined || bind.every((address) => /^127\.|^::1$|^localhost$/.test(address));
  return {
    bind,
    port: read.port,
    serves: serves ?? servable.filter((service) => local || service !== 'metrics'),
    behindProxy: read.behindProxy,
    ...(unix === undefined ? {} : { unix }),
    ...(tls === undefined ? {} : { tls }),
  };
}

const written = section(shape, { about: '' });
const listener = custom<ListenerSection>('a listener', { about: '' }, (value, at, reading) => {
  const read = written.read(value, at, reading);
  // A wrong bind has been complained about; there is nothing to complete.
  return read?.bind === undefined ? (undefined as never) : complete(read);
});

/** The key `listeners`. */
export const listenersField = {
  ...list(listener, {
    about: 'Where the server listens.',
    fallback: () => [{ bind: ['127.0.0.1'], port: 8008, serves: servable, behindProxy: false }],
  }),
  shape,
};
