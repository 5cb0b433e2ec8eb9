// What runs here: version, uptime, counts, and the application services in one line each.
import { duration } from '../parts/duration.ts';
import { Figure } from '../parts/figure.tsx';
import { useLive } from '../parts/live.ts';
import { Table } from './appservices.tsx';

interface Statistics {
  readonly server_name: string;
  readonly version: string;
  readonly uptime_ms: number;
  readonly rooms: number;
  readonly users: number;
  readonly active_users: { readonly today: number; readonly yesterday: number; readonly month: number };
  readonly events: number;
  readonly position: number;
  readonly event_loop_lag_p99_ms: number;
  readonly memory_bytes: number;
}

export function Overview() {
  const { value, error } = useLive<Statistics>('/_pons/admin/v1/statistics');
  return (
    <>
      {error !== undefined && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      {value !== undefined && (
        <section>
          <h1>{value.server_name}</h1>
          <dl class="figures">
            <Figure name="Version" value={value.version} />
            <Figure name="Up for" value={duration(value.uptime_ms)} />
            <Figure name="Rooms" value={value.rooms} />
            <Figure name="Users" value={value.users} />
            <Figure name="People today" value={value.active_users.today} />
            <Figure name="Yesterday" value={value.active_users.yesterday} />
            <Figure name="In 30 days" value={value.active_users.month} />
            <Figure name="Events" value={value.events} />
            <Figure name="Stream position" value={value.position} />
            <Figure name="Event-loop lag, p99" value={`${value.event_loop_lag_p99_ms.toFixed(1)} ms`} />
            <Figure name="Memory" value={`${Math.round(value.memory_bytes / 1048576)} MB`} />
          </dl>
        </section>
      )}
      <section>
        <h2>Application services</h2>
        <Table />
      </section>
    </>
  );
}
