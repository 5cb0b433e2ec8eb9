// What homeservers differ in, row by row, as data: the list that the cases are held against. Each row is named by at least one case of
// the homeserver half, or says here why a black box at one server's HTTP cannot tell. A test checks that nothing is missing.

/** A row: its number, what it is about, and, where no case can judge it, why. */
export interface Row {
  readonly row: string;
  readonly title: string;
  readonly unjudged?: string;
}

const titles: Readonly<Record<string, readonly string[]>> = {
  // Registration
  A1: [
    'how a service is registered',
    'id and as_token are unique',
    'url: null',
    'unix sockets to the service',
    'sender_localpart; its events are of interest (v1.11)',
    'namespaces.users: local users only (v1.5)',
    'exclusive in the rooms namespace',
    'dialect of the regexes',
    'who decides exclusivity',
    'collisions between namespaces seen at load',
    'rate_limited',
    'protocols',
    'receive_ephemeral (v1.13)',
    'extra keys',
    'reload and rotation of tokens',
  ],
  // Authentication and masquerading
  A2: [
    'Authorization header to the service (v1.4)',
    'as_token without user_id is the sender',
    'user_id outside the namespace',
    'user_id inside the namespace but not registered',
    'device_id (v1.17)',
    '/whoami of a masqueraded user',
    'addresses from which a service may call',
    'cost of looking a token up',
    'acting for local users outside the namespace',
    'scope of client transaction ids',
  ],
  // Register, login, devices
  A3: [
    '/register with m.login.application_service',
    'missing or unknown token on /register and /login (v1.10)',
    'inhibit_login and M_APPSERVICE_LOGIN_UNSUPPORTED (v1.17)',
    '/login with m.login.application_service (v1.2)',
    'PUT /devices creates (v1.17)',
    'deleting devices without interactive authentication',
    'device_signing/upload without interactive authentication',
    'the limiter of registrations and services',
  ],
  // Timestamps and backfill
  A4: [
    'ts on send and state (v1.3)',
    'ts on redact',
    'batch_send',
    'deterministic event ids',
    'more on createRoom: room id, time, initial members',
    'deleting a whole room',
  ],
  // Queries and third-party lookups
  A5: [
    'user queries',
    'alias queries',
    'retried several times, then 408',
    'results of queries remembered',
    'protocols of several services merged',
    'lookups of users and locations',
    'reverse lookups',
    'room directory of a service',
    '/joined_members for a service',
    'the bot reads all rooms of its service',
  ],
  // Transactions
  A6: [
    'the queue survives',
    'a position for each service',
    'events in one transaction',
    'bytes in one transaction',
    'transactions in flight',
    'time limit of a delivery',
    'growing pauses',
    'the same id has the same bytes',
    'catching up after an outage',
    'recovery at the start of the server',
    '413 and refusals for good',
    'a ping wakes the queue',
    'which events are sent',
    'suppressing the echo of own events',
    'order',
    'pull transport',
  ],
  // Ephemeral data, to-device, encryption
  A7: [
    'typing (v1.13)',
    'receipts',
    'presence',
    'to-device messages (MSC4203)',
    'device lists changed and left (MSC3202)',
    'one-time key counts and fallback types',
    'key claims and queries proxied (MSC3983, MSC3984)',
    'stable and unstable keys',
    'ephemeral events of the service',
  ],
  // Interest, limits, operation
  A8: [
    'what makes an event interesting',
    'cost by event and service',
    'exemption from rate limits',
    'consent and counting of users',
    'push rules of ghosts',
    'user directory',
    '/sync as the sender',
    'many ghosts join at once',
    'ping and its error codes (v1.7)',
    'asynchronous media (v1.7)',
    'admin API over services',
    'metrics of each service',
    'several processes',
    'list of proposals that are not built',
  ],
  A9: ['flags in /versions that bridges look for'],
  A10: ['lazy creation and ephemeral data are wired'],
  // What a black-box run of two servers saw
  A11: [
    'to-device of several services at once, in an outage, over a restart',
    'kill -9 of the homeserver loses nothing',
    'a hung query and an evil pattern stop nobody',
    'a transaction in retry does not change by a redaction or lose a half',
    'two ghosts, one transaction id: two events',
    'an outage of 500 events, a 413, an empty 200',
    'device_id and /sync as the sender, threaded receipts, registrations and the limiter',
    'a ping to a service that closes the connection',
    'nothing joins a transaction in retry; order after a kill',
    'redactions arrive, ts is for services, aliases are held both ways',
    'versions, ping, ephemeral data, device management are there',
    'tokens follow no redirect, @:server is nobody, equal requests at once make one event',
    'full batches after an outage, isolation, delivery without new traffic, linear regexes',
  ],
};

const unjudged: Readonly<Record<string, string>> = {
  'A1.6': 'needs a user of another server in a room: a federation suite sees it',
  'A1.10': 'what a server says at load is in its log, not in its HTTP',
  'A2.7': 'how a registration asks for it is each server’s own',
  'A2.8': 'a cost, not a behaviour: benchmarks see it',
  'A6.14': 'how a service asks for it is each server’s own',
  'A6.16': 'a transport of its own: checked with its own client',
  'A8.2': 'a cost, not a behaviour: benchmarks see it',
  'A8.4': 'who is counted stands in each server’s own figures',
  'A8.5': 'push rules of ghosts are seen by nobody but their cost',
  'A8.6': 'each server has its own opt-in; hiding and showing are both allowed',
  'A8.11': 'each server’s own API',
  'A8.12': 'each server’s own names',
  'A8.13': 'how a server is put together',
  'A8.14': 'a document',
};

/** Every row. */
export const rows: readonly Row[] = Object.entries(titles).flatMap(([section, list]) =>
  list.map((title, index) => {
    const row = `${section}.${index + 1}`;
    const why = unjudged[row];
    return why === undefined ? { row, title } : { row, title, unjudged: why };
  }),
);
