// A message's journey: from the request that made it, over the commit, to each application service, with the time that each step took.
// A trunk that all share, and a branch for each; on a narrow screen everything stands below each other.
import { appserviceAddress } from '../router.ts';
import { between, moment } from './moment.ts';
import type { Transaction } from './transaction.ts';

/** As the admin API tells it. */
export interface Journey {
  readonly room_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly committed_ts: number | null;
  readonly trace: string | null;
  readonly appservices: readonly Stop[];
}
export interface Stop {
  readonly id: string;
  readonly verdict: string;
  readonly text: string;
  readonly reasons: readonly string[];
  readonly sent_here: boolean;
  readonly transactions: readonly Transaction[];
}

/** An event takes no longer from its request to its commit; what claims more was dated back by an application service. */
const requestMaxMs = 60_000;

/** The picture; with `only`, of one application service. */
export function JourneyPicture({ journey, only }: { readonly journey: Journey; readonly only?: string }) {
  const stops = journey.appservices.filter(({ id }) => only === undefined || id === only);
  const sent = stops.filter(isSent);
  const others = stops.filter((stop) => !isSent(stop));
  return (
    <div class={only === undefined ? 'journey' : 'journey alone'} data-journey={journey.event_id}>
      <Trunk journey={journey} />
      <div class="branches">
        {sent.map((stop) => (
          <Branch key={stop.id} stop={stop} committedTs={journey.committed_ts} isAlone={only !== undefined} />
        ))}
        {others.map((stop) => (
          <div key={stop.id} class="branch" data-stop={stop.id}>
            <p class="stop">
              <a href={appserviceAddress(stop.id)}>{stop.id}</a> <span class="badge idle">{words(stop.verdict)}</span>
            </p>
            <p class="dim">{stop.text}</p>
          </div>
        ))}
        {stops.length === 0 && <p class="dim">No application service is registered.</p>}
      </div>
    </div>
  );
}

const isSent = ({ verdict }: Stop): boolean => ['acknowledged', 'in-flight', 'waiting', 'set-aside'].includes(verdict);
const words = (verdict: string): string => verdict.replaceAll('-', ' ');

function Trunk({ journey }: { readonly journey: Journey }) {
  const { origin_server_ts: madeTs, committed_ts: committedTs } = journey;
  const tookMs = committedTs === null ? undefined : committedTs - madeTs;
  const isDatedBack = tookMs !== undefined && (tookMs > requestMaxMs || tookMs < 0);
  return (
    <ol class="way">
      <Station name="Request" state="done" ts={madeTs} note={isDatedBack ? 'dated by its sender' : undefined} />
      <Station
        name="Commit"
        state="done"
        ts={committedTs ?? undefined}
        tookMs={isDatedBack ? undefined : tookMs}
        note={committedTs === null ? 'time not remembered' : undefined}
      />
    </ol>
  );
}

interface BranchProps {
  readonly stop: Stop;
  readonly committedTs: number | null;
  readonly isAlone: boolean;
}

function Branch({ stop, committedTs, isAlone }: BranchProps) {
  const last = stop.transactions.at(-1);
  return (
    <div class="branch" data-stop={stop.id}>
      {!isAlone && (
        <p class="stop">
          <a href={appserviceAddress(stop.id)}>{stop.id}</a>{' '}
          <span class={`badge ${colour(stop)}`}>{words(stop.verdict)}</span>
        </p>
      )}
      {last === undefined ? <WithoutTimes stop={stop} /> : <Way last={last} stop={stop} committedTs={committedTs} />}
      <p class="dim">
        {stop.reasons.length > 0 && <>Of interest by {stop.reasons.join('; ')}. </>}
        {stop.transactions.length > 1 && <>In {stop.transactions.length} transactions, the last of which is shown. </>}
        {stop.verdict !== 'acknowledged' && stop.text}
      </p>
    </div>
  );
}

function colour({ verdict }: Stop): string {
  if (verdict === 'acknowledged') return 'up';
  return verdict === 'set-aside' ? 'recovering' : 'paused';
}

/** Its process has not sent it lately, or it waits. */
function WithoutTimes({ stop: { verdict, sent_here: isHere } }: { readonly stop: Stop }) {
  const note = isHere ? 'time not remembered' : 'by another process';
  const state = verdict === 'acknowledged' ? 'done' : verdict === 'set-aside' ? 'failed' : 'ahead';
  return (
    <ol class="way">
      <Station
        name="Freeze"
        state={verdict === 'waiting' ? 'now' : 'done'}
        note={verdict === 'waiting' ? 'waits' : note}
      />
      <Station name="Transaction" state={verdict === 'in-flight' ? 'now' : state} />
      <Station name="Acknowledged" state={state} />
    </ol>
  );
}

function Way({
  last,
  stop,
  committedTs,
}: {
  readonly last: Transaction;
  readonly stop: Stop;
  readonly committedTs: number | null;
}) {
  const { outcome, attempts, answered_ts: answeredTs, first_sent_ts: sentTs, frozen_ts: frozenTs } = last;
  const accepted = outcome === 'accepted';
  const gone = stop.verdict === 'set-aside' || outcome === 'divided';
  return (
    <ol class="way">
      <Station
        name="Freeze"
        state="done"
        ts={frozenTs}
        tookMs={committedTs === null ? undefined : frozenTs - committedTs}
      />
      <Station
        name="Transaction"
        state={accepted || gone ? 'done' : 'now'}
        ts={sentTs}
        tookMs={sentTs - frozenTs}
        note={`no. ${last.txn_id}${attempts > 1 ? `, ${attempts} attempts` : ''}`}
      />
      <Station
        name={gone ? (stop.verdict === 'set-aside' ? 'Set aside' : 'Split') : 'Acknowledged'}
        state={accepted ? 'done' : gone ? 'failed' : 'ahead'}
        ts={(accepted || gone) && answeredTs !== null ? answeredTs : undefined}
        tookMs={(accepted || gone) && answeredTs !== null ? answeredTs - sentTs : undefined}
        note={accepted ? undefined : (last.reason ?? 'no answer yet')}
      />
    </ol>
  );
}

interface StationProps {
  readonly name: string;
  readonly state: 'done' | 'now' | 'ahead' | 'failed';
  readonly ts?: number | undefined;
  /** Since the station before. */
  readonly tookMs?: number | undefined;
  readonly note?: string | undefined;
}

const stateWords = { done: '', now: ' (now)', ahead: ' (not yet)', failed: ' (failed)' } as const;

function Station({ name, state, ts, tookMs, note }: StationProps) {
  return (
    <li class={state}>
      <strong>
        {name}
        <span class="unseen">{stateWords[state]}</span>
      </strong>
      {ts !== undefined && <time dateTime={new Date(ts).toISOString()}>{moment(ts)}</time>}
      {tookMs !== undefined && <span class="took">{between(Math.max(0, tookMs))}</span>}
      {note !== undefined && <span class="dim">{note}</span>}
    </li>
  );
}
