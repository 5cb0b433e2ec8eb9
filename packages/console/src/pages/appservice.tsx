// One application service: as it goes now (figures, lag, transactions, what was set aside), its users, its registration.
import { useState } from 'preact/hooks';
import { useAction } from '../parts/action.ts';
import { duration } from '../parts/duration.ts';
import { Figure } from '../parts/figure.tsx';
import { LagChart, type LagSample } from '../parts/lag-chart.tsx';
import { useLive } from '../parts/live.ts';
import { bytes } from '../parts/moment.ts';
import { Problem } from '../parts/problem.tsx';
import { type AppservicePart, appserviceAddress, appserviceParts } from '../router.ts';
import { Ghosts } from './appservice/ghosts.tsx';
import { type Registration, RegistrationPart } from './appservice/registration.tsx';
import { ReplayDialog } from './appservice/replay.tsx';
import { SetAsideList } from './appservice/set-aside.tsx';
import { Transactions } from './appservice/transactions.tsx';
import { type Appservice, LastError } from './appservices.tsx';

type WithRegistration = Appservice & { readonly registration: Registration };

const titles = { live: 'Now', ghosts: 'Users', registration: 'Registration and tokens' } as const;
const liveMs = 1000;
const lagMs = 2000;

export function AppservicePage({ id, part }: { readonly id: string; readonly part: AppservicePart }) {
  const path = `/_pons/admin/v1/appservices/${encodeURIComponent(id)}`;
  const { value: one, error, missing, again } = useLive<WithRegistration>(path, liveMs);
  return (
    <section>
      <p>
        <a href="#/appservices">All application services</a>
      </p>
      <div class="title">
        <h1>{id}</h1>
        {one !== undefined && <span class={`badge ${one.status}`}>{one.status}</span>}
        {one !== undefined && missing !== true && <Buttons one={one} path={path} changed={again} />}
      </div>
      <Problem text={error} />
      {one === undefined && error === undefined && <p class="dim">Asking …</p>}
      {one !== undefined && missing !== true && (
        <>
          <nav class="parts" aria-label="Parts of this page">
            {appserviceParts.map((name) => (
              <a key={name} href={appserviceAddress(id, name)} aria-current={name === part ? 'page' : undefined}>
                {titles[name]}
              </a>
            ))}
          </nav>
          {part === 'live' && <Now one={one} path={path} changed={again} />}
          {part === 'ghosts' && <Ghosts path={path} />}
          {part === 'registration' && <RegistrationPart one={one} path={path} />}
        </>
      )}
    </section>
  );
}

interface PartProps {
  readonly one: Appservice;
  readonly path: string;
  readonly changed: () => void;
}

function Buttons({ one, path, changed }: PartProps) {
  const { act, busy, error } = useAction();
  const [pinged, setPinged] = useState<string>();
  const [isReplaying, setReplaying] = useState(false);
  const isReached = one.url !== null || one.websocket;
  const isPaused = one.status === 'paused';
  const pause = async () => {
    setPinged(undefined);
    await act('POST', `${path}/${isPaused ? 'resume' : 'pause'}`, {});
    changed();
  };
  const ping = async () => {
    setPinged(undefined);
    const answer = await act<{ duration_ms: number }>('POST', `${path}/ping`, {});
    if (answer !== undefined) setPinged(`Answered the ping in ${answer.duration_ms} ms.`);
  };
  return (
    <>
      {one.status !== 'elsewhere' && (
        <button type="button" disabled={busy} onClick={() => void pause()}>
          {isPaused ? 'Resume delivery' : 'Pause delivery'}
        </button>
      )}
      {isReached && (
        <button type="button" class="quiet" disabled={busy} onClick={() => void ping()}>
          Ping
        </button>
      )}
      <button type="button" class="quiet" onClick={() => setReplaying(true)}>
        Replay …
      </button>
      {pinged !== undefined && <span role="status">{pinged}</span>}
      <Problem text={error} />
      {isReplaying && (
        <ReplayDialog
          path={path}
          close={() => {
            setReplaying(false);
            changed();
          }}
        />
      )}
    </>
  );
}

function wayTo({ url, websocket }: Appservice): string {
  if (websocket) return 'delivered over its websocket';
  return url === null
    ? 'not connected, and it has no url: what comes for it waits until it connects'
    : `delivered to ${url}`;
}

function Now({ one, path, changed }: PartProps) {
  const { value: lag } = useLive<{ samples: readonly LagSample[] }>(`${path}/lag`, lagMs);
  return (
    <>
      <p class="dim address">
        {one.sender}, {wayTo(one)}, registered in {one.source === 'database' ? 'the database' : one.source}
        {one.status === 'elsewhere' && '. Another process of this server sends to it, and knows its figures'}
      </p>
      <dl class="figures">
        <Figure name="Waiting events" value={one.queue_depth} />
        <Figure
          name="Oldest unacknowledged"
          value={one.oldest_unacknowledged_ms === null ? '–' : duration(one.oldest_unacknowledged_ms)}
        />
        <Figure name="In flight" value={one.in_flight_txn_id === null ? '–' : `no. ${one.in_flight_txn_id}`} />
        <Figure name="Retries" value={one.retries} />
        <Figure name="Waiting bytes" value={bytes(one.queue_bytes)} />
        <Figure name="Set aside" value={one.set_aside} />
        <Figure name="Events since start" value={one.delivered_events} />
        <Figure name="Bytes since start" value={bytes(one.delivered_bytes)} />
      </dl>
      <h2>Last error</h2>
      <p>
        <LastError one={one} />
      </p>
      <h2>Lag</h2>
      {lag !== undefined && lag.samples.length === 0 && (
        <p class="dim">Not measured yet: it is noted every five seconds by the process that sends.</p>
      )}
      {lag !== undefined && lag.samples.length > 0 && <LagChart samples={lag.samples} />}
      <Transactions path={path} id={one.id} />
      <SetAsideList path={path} changed={changed} />
    </>
  );
}
