// Each application service with its queue: how much waits, how old the oldest is, what went wrong last. Never a silent queue.
import { ago, duration } from '../parts/duration.ts';
import { useLive } from '../parts/live.ts';
import { Problem } from '../parts/problem.tsx';
import { appserviceAddress } from '../router.ts';

/** As the admin API tells it. */
export interface Appservice {
  readonly id: string;
  readonly url: string | null;
  readonly sender: string;
  readonly source: string;
  /** It has connected to the process that answers. */
  readonly websocket: boolean;
  /** elsewhere: another process sends to it. disconnected: it connects by itself, and has not. */
  readonly status: 'up' | 'recovering' | 'paused' | 'idle' | 'disconnected' | 'elsewhere';
  readonly queue_depth: number;
  readonly queue_bytes: number;
  readonly in_flight_txn_id: number | null;
  readonly oldest_unacknowledged_ms: number | null;
  readonly retries: number;
  readonly acknowledged_position: number;
  readonly acknowledged_txn_id: number;
  readonly delivered_events: number;
  readonly delivered_transactions: number;
  readonly delivered_bytes: number;
  readonly set_aside: number;
  readonly last_error: string | null;
  readonly last_error_ts: number | null;
}

interface Listing {
  readonly appservices: readonly Appservice[];
  readonly refused?: readonly { file: string; line: number; path: string; reason: string }[];
  readonly removed?: readonly string[];
}

export function Appservices() {
  return (
    <section>
      <div class="title">
        <h1>Application services</h1>
        <a class="button" href="#/add-appservice">
          Add one …
        </a>
      </div>
      <Table />
    </section>
  );
}

/** The live table, also shown on the overview. */
export function Table() {
  const { value, error } = useLive<Listing>('/_pons/admin/v1/appservices');
  if (value === undefined) return <p class={error === undefined ? 'dim' : 'bad'}>{error ?? 'Asking …'}</p>;
  const { appservices, refused = [], removed = [] } = value;
  return (
    <>
      {error !== undefined && <Problem text={error} />}
      {appservices.length === 0 ? (
        <p class="dim">
          None yet. <a href="#/add-appservice">Add one</a>, or put a registration.yaml into the appservices folder; it
          is picked up while the server runs.
        </p>
      ) : (
        <List appservices={appservices} />
      )}
      {refused.length > 0 && (
        <>
          <h2>Files that are refused</h2>
          <ul>
            {refused.map(({ file, line, path, reason }) => (
              <li key={`${file}:${line} ${reason}`}>
                <code>
                  {file}:{line}
                </code>{' '}
                {path !== '' && <code>{path}</code>} <span class="bad">{reason}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {removed.length > 0 && (
        <p class="dim">Removed, their users are still there: {removed.join(', ')} (pons appservice ghosts ID).</p>
      )}
    </>
  );
}

function List({ appservices }: { readonly appservices: readonly Appservice[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Application service</th>
            <th>State</th>
            <th class="number">Waiting</th>
            <th class="number">Lag</th>
            <th class="number">
              Delivered
              <br />
              since start
            </th>
            <th class="number">Retries</th>
            <th>Last error</th>
          </tr>
        </thead>
        <tbody>
          {appservices.map((one) => (
            <Row key={one.id} one={one} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ one }: { readonly one: Appservice }) {
  return (
    <tr data-appservice={one.id}>
      <td>
        <a href={appserviceAddress(one.id)}>
          <strong>{one.id}</strong>
        </a>
        <br />
        <span class="dim">{one.sender}</span>
      </td>
      <td data-label="State">
        <span class={`badge ${one.status}`}>{one.status}</span>
      </td>
      <td class="number" data-label="Waiting">
        {one.queue_depth}
      </td>
      <td class="number" data-label="Lag">
        {one.oldest_unacknowledged_ms === null ? '–' : duration(one.oldest_unacknowledged_ms)}
      </td>
      <td class="number" data-label="Delivered" data-delivered>
        {one.delivered_events}
      </td>
      <td class="number" data-label="Retries">
        {one.retries}
      </td>
      <td class="last-error" data-label="Last error">
        <LastError one={one} />
      </td>
    </tr>
  );
}

/** What went wrong last, how long ago, and whether that is over: a delivery that succeeds sets the retries back to none. */
export function LastError({ one }: { readonly one: Appservice }) {
  if (one.last_error === null) return <span class="dim">none</span>;
  const when = one.last_error_ts === null ? undefined : ago(one.last_error_ts);
  const over = one.retries === 0 ? 'recovered since' : undefined;
  return (
    <>
      <span class={over === undefined ? 'bad' : ''}>{one.last_error}</span>
      <br />
      <span class="dim">{[when, over].filter((part) => part !== undefined).join(', ')}</span>
    </>
  );
}
