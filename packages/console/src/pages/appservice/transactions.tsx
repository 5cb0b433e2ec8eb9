// The last transactions to an application service as they go. One that is opened shows its events, the journey of one of them, and its
// body as the server lets operators see it: what people wrote is replaced by its length.
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { type Journey, JourneyPicture } from '../../parts/journey-picture.tsx';
import { useLive } from '../../parts/live.ts';
import { between, bytes, moment } from '../../parts/moment.ts';
import { Problem } from '../../parts/problem.tsx';
import type { Transaction } from '../../parts/transaction.ts';
import { journeyAddress } from '../../router.ts';
import { journeyPath } from '../journey.tsx';

interface ShownEvent {
  readonly type: string;
  readonly sender: string;
  readonly room_id: string;
  readonly event_id: string;
}
interface WithBody extends Transaction {
  readonly body: { readonly events?: readonly (ShownEvent | string)[] } | null;
}

const firstShown = 8;
const columns = 7;

export function Transactions({ path, id }: { readonly path: string; readonly id: string }) {
  const { value, error } = useLive<{ transactions: readonly Transaction[] }>(`${path}/transactions`, 1000);
  const [open, setOpen] = useState<number>();
  const [isWhole, setWhole] = useState(false);
  const all = value?.transactions ?? [];
  const shown = isWhole ? all : all.filter(({ txn_id: txnId }, index) => index < firstShown || txnId === open);
  return (
    <>
      <h2>Transactions</h2>
      <Problem text={error} />
      {value !== undefined && all.length === 0 && <p class="dim">None was sent by this process yet.</p>}
      {all.length > 0 && (
        <div class="scroll">
          <table class="transactions">
            <thead>
              <tr>
                <th>Transaction</th>
                <th>Outcome</th>
                <th class="number">Events</th>
                <th class="number">Size</th>
                <th class="number">Attempts</th>
                <th class="number">Took</th>
                <th class="number">Sent</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <Fragment key={one.txn_id}>
                  <Row
                    one={one}
                    isOpen={open === one.txn_id}
                    toggle={() => setOpen(open === one.txn_id ? undefined : one.txn_id)}
                  />
                  {open === one.txn_id && (
                    <tr class="below">
                      <td colSpan={columns}>
                        <Opened path={`${path}/transactions/${open}`} id={id} />
                      </td>
                    </tr>
                  )}
                </Fragment>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {all.length > firstShown && (
        <p>
          <button type="button" class="quiet" onClick={() => setWhole(!isWhole)}>
            {isWhole ? 'Show fewer' : `Show all ${all.length}`}
          </button>
        </p>
      )}
    </>
  );
}

interface RowProps {
  readonly one: Transaction;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}

/** What became of it; of one event that is refused for its content there is nothing to split. */
function outcome({ outcome: is, items }: Transaction): string {
  if (is === 'divided') return items > 1 ? 'split' : 'set aside';
  return { sending: 'being sent', accepted: 'accepted', refused: 'tried again later' }[is];
}

const badges = { sending: 'idle', accepted: 'up', refused: 'recovering', divided: 'paused' } as const;

function Row({ one, isOpen, toggle }: RowProps) {
  return (
    <tr data-transaction={one.txn_id} class={isOpen ? 'open' : ''}>
      <td>
        <button type="button" class="link" aria-expanded={isOpen} onClick={toggle}>
          {one.txn_id}
        </button>
      </td>
      <td class="outcome" data-label="Outcome">
        <span class={`badge ${badges[one.outcome]}`}>{outcome(one)}</span>
        {one.outcome !== 'accepted' && one.reason !== null && <span class="dim"> {one.reason}</span>}
      </td>
      <td class="number" data-label="Events">
        {one.events}
      </td>
      <td class="number" data-label="Size">
        {bytes(one.bytes)}
      </td>
      <td class="number" data-label="Attempts">
        {one.attempts}
      </td>
      <td class="number" data-label="Took">
        {one.answered_ts === null ? '–' : between(one.answered_ts - one.last_sent_ts)}
      </td>
      <td class="number" data-label="Sent">
        {moment(one.last_sent_ts)}
      </td>
    </tr>
  );
}

function Opened({ path, id }: { readonly path: string; readonly id: string }) {
  const { value, error, missing } = useLive<WithBody>(path);
  const [chosen, setChosen] = useState(0);
  if (value === undefined) return missing === true ? null : <Problem text={error} />;
  const events = (value.body?.events ?? []).filter((event) => typeof event === 'object');
  const event = events[chosen];
  return (
    <div class="card opened" data-opened={value.txn_id}>
      <h3>Transaction {value.txn_id}</h3>
      {value.body === null && (
        <p class="dim">Its body is not kept any more: it was large, or newer ones took its place.</p>
      )}
      {event !== undefined && (
        <>
          <label class="row">
            Journey of
            <select value={chosen} onChange={(change) => setChosen(Number(change.currentTarget.value))}>
              {events.map(({ type, sender, event_id: eventId }, index) => (
                <option key={eventId} value={index}>
                  {index + 1}: {type} by {sender}
                </option>
              ))}
            </select>
          </label>
          <EventJourney key={event.event_id} event={event} id={id} />
        </>
      )}
      {value.body !== null && (
        <details>
          <summary>Body, with what was written hidden</summary>
          <pre tabIndex={0}>{JSON.stringify(value.body, undefined, 2)}</pre>
        </details>
      )}
    </div>
  );
}

function EventJourney({ event, id }: { readonly event: ShownEvent; readonly id: string }) {
  const { value, error } = useLive<Journey>(journeyPath(event.room_id, event.event_id));
  return (
    <>
      <Problem text={error} />
      {value !== undefined && <JourneyPicture journey={value} only={id} />}
      <p class="address">
        <a href={journeyAddress(event.room_id, event.event_id)}>Its way to every application service</a>{' '}
        <span class="dim">{event.event_id}</span>
      </p>
    </>
  );
}
