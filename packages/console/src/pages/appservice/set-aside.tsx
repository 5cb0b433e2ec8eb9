// Events that an application service refused and that were set aside: why, and sending them again, one by one or all.
import { useAction } from '../../parts/action.ts';
import { ago } from '../../parts/duration.ts';
import { useLive } from '../../parts/live.ts';
import { Problem } from '../../parts/problem.tsx';

interface SetAside {
  readonly position: number;
  readonly reason: string;
  readonly set_aside_ts: number;
  readonly replaying: boolean;
  /** null: it has been purged since. */
  readonly event: { readonly type: string; readonly sender: string; readonly room_id?: string } | null;
}

export function SetAsideList({ path, changed }: { readonly path: string; readonly changed: () => void }) {
  const { value, error, again } = useLive<{ set_aside: readonly SetAside[] }>(`${path}/set_aside`);
  const { act, busy, error: refused } = useAction();
  const replay = async (body: object) => {
    await act('POST', `${path}/set_aside/replay`, body);
    again();
    changed();
  };
  const events = value?.set_aside ?? [];
  return (
    <>
      <div class="title">
        <h2>Set aside</h2>
        {events.length > 0 && (
          <button type="button" class="quiet" disabled={busy} onClick={() => void replay({})}>
            Send all again
          </button>
        )}
      </div>
      <Problem text={refused ?? error} />
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
                <th>
                  <span class="unseen">Send again</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <Row
                  key={event.position}
                  one={event}
                  busy={busy}
                  replay={() => void replay({ positions: [event.position] })}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

interface RowProps {
  readonly one: SetAside;
  readonly busy: boolean;
  readonly replay: () => void;
}

function Row({ one, busy, replay }: RowProps) {
  return (
    <tr data-set-aside={one.position}>
      <td class="number" data-label="Position">
        {one.position}
      </td>
      <td data-label="Event">
        {one.event === null ? <span class="dim">purged since</span> : one.event.type}
        <br />
        <span class="dim">{one.event?.sender}</span>
      </td>
      <td data-label="Reason">{one.reason}</td>
      <td data-label="When">{ago(one.set_aside_ts)}</td>
      <td>
        <button type="button" class="quiet" disabled={busy || one.replaying} onClick={replay}>
          {one.replaying ? 'Being sent' : 'Send again'}
        </button>
      </td>
    </tr>
  );
}
