// One application service: its figures, what went wrong last, pausing, and the events that it refused and that were set aside.
import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { duration } from '../parts/duration.ts';
import { Figure } from '../parts/figure.tsx';
import { useLive } from '../parts/live.ts';
import { reason } from '../parts/reason.ts';
import { session } from '../session.ts';
import { type Appservice, LastError } from './appservices.tsx';

interface SetAside {
  readonly position: number;
  readonly reason: string;
  readonly set_aside_ts: number;
  readonly replaying: boolean;
  /** null: it has been purged since. */
  readonly event: { readonly type: string; readonly sender: string; readonly room_id?: string } | null;
}

const pathOf = (id: string) => `/_pons/admin/v1/appservices/${encodeURIComponent(id)}`;

/** POSTs, then calls done; what went wrong, and whether it still runs. */
function useAction(done: () => void) {
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const act = async (path: string, body: object = {}) => {
    setBusy(true);
    setError(undefined);
    try {
      await call('POST', path, { token: session.value?.token ?? '', body });
      done();
    } catch (failure) {
      setError(reason(failure));
    } finally {
      setBusy(false);
    }
  };
  return { error, busy, act };
}

export function AppservicePage({ id }: { readonly id: string }) {
  const { value: one, error, missing, again } = useLive<Appservice>(pathOf(id));
  const { act, busy, error: refused } = useAction(again);
  const problem = refused ?? error;
  return (
    <section>
      <p>
        <a href="#/appservices">All application services</a>
      </p>
      <div class="title">
        <h1>{id}</h1>
        {one !== undefined && <span class={`badge ${one.status}`}>{one.status}</span>}
        {one !== undefined && (one.url !== null || one.websocket) && one.status !== 'elsewhere' && (
          <button
            type="button"
            disabled={busy}
            onClick={() => void act(`${pathOf(id)}/${one.status === 'paused' ? 'resume' : 'pause'}`)}
          >
            {one.status === 'paused' ? 'Resume delivery' : 'Pause delivery'}
          </button>
        )}
      </div>
      {problem !== undefined && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      {one === undefined && problem === undefined && <p class="dim">Asking …</p>}
      {one !== undefined && !missing && (
        <>
          <Figures one={one} />
          <h2>Last error</h2>
          <p>
            <LastError one={one} />
          </p>
          <SetAsideList id={id} changed={again} />
        </>
      )}
    </section>
  );
}

function wayTo({ url, websocket }: Appservice): string {
  if (websocket) return 'delivered over its websocket';
  return url === null ? 'nothing is delivered to it (it has no url and is not connected)' : `delivered to ${url}`;
}

function Figures({ one }: { readonly one: Appservice }) {
  return (
    <>
      <p class="dim address">
        {one.sender}, {wayTo(one)}, registered in {one.source === 'database' ? 'the database' : one.source}
      </p>
      <dl class="figures">
        <Figure name="Waiting events" value={one.queue_depth} />
        <Figure
          name="Lag"
          value={one.oldest_unacknowledged_ms === null ? '–' : duration(one.oldest_unacknowledged_ms)}
        />
        <Figure name="Retries" value={one.retries} />
        <Figure name="Set aside" value={one.set_aside} />
        <Figure name="Events since start" value={one.delivered_events} />
        <Figure name="Transactions since start" value={one.delivered_transactions} />
        <Figure name="Up to position" value={one.acknowledged_position} />
        <Figure name="Last transaction" value={one.acknowledged_txn_id} />
      </dl>
    </>
  );
}

function SetAsideList({ id, changed }: { readonly id: string; readonly changed: () => void }) {
  const path = `${pathOf(id)}/set_aside`;
  const { value, error, again } = useLive<{ set_aside: readonly SetAside[] }>(path);
  const {
    act,
    busy,
    error: refused,
  } = useAction(() => {
    again();
    changed();
  });
  const problem = refused ?? error;
  const events = value?.set_aside ?? [];
  return (
    <>
      <div class="title">
        <h2>Set aside</h2>
        {events.length > 0 && (
          <button type="button" class="quiet" disabled={busy} onClick={() => void act(`${path}/replay`)}>
            Send all again
          </button>
        )}
      </div>
      {problem !== undefined && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      {value !== undefined && events.length === 0 && <p class="dim">No event was refused by it and set aside.</p>}
      {events.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th class="number">Position</th>
                <th>Event</th>
                <th>Reason</th>
                <th>When</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <SetAsideRow
                  key={event.position}
                  one={event}
                  busy={busy}
                  replay={() => void act(`${path}/replay`, { positions: [event.position] })}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

interface SetAsideRowProps {
  readonly one: SetAside;
  readonly busy: boolean;
  readonly replay: () => void;
}

function SetAsideRow({ one, busy, replay }: SetAsideRowProps) {
  return (
    <tr data-set-aside={one.position}>
      <td class="number">{one.position}</td>
      <td>
        {one.event === null ? <span class="dim">purged since</span> : one.event.type}
        <br />
        <span class="dim">{one.event?.sender}</span>
      </td>
      <td>{one.reason}</td>
      <td>{duration(Math.max(0, Date.now() - one.set_aside_ts))} ago</td>
      <td>
        <button type="button" class="quiet" disabled={busy || one.replaying} onClick={replay}>
          {one.replaying ? 'Being sent' : 'Send again'}
        </button>
      </td>
    </tr>
  );
}
