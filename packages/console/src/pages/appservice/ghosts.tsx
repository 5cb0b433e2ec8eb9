// The users of an application service, page by page, and ending one of them.
import { useState } from 'preact/hooks';
import { useAction } from '../../parts/action.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { field } from '../../parts/field.ts';
import { useLive } from '../../parts/live.ts';
import { day } from '../../parts/moment.ts';
import { Problem } from '../../parts/problem.tsx';

interface Ghost {
  readonly user_id: string;
  readonly displayname: string | null;
  readonly created_ts: number;
  readonly deactivated: boolean;
  readonly rooms: number;
  readonly sender?: boolean;
}
interface Page {
  readonly ghosts: readonly Ghost[];
  /** Of those that match; absent on further pages of a search. */
  readonly total?: number;
  readonly next?: string;
}

const everyMs = 5000;

export function Ghosts({ path }: { readonly path: string }) {
  const [pattern, setPattern] = useState('');
  const [pages, setPages] = useState<readonly string[]>(['']);
  const [ending, setEnding] = useState<Ghost>();
  const query = new URLSearchParams({ from: pages.at(-1) ?? '', ...(pattern === '' ? {} : { pattern }) });
  const { value, error, again } = useLive<Page>(`${path}/ghosts?${query.toString()}`, everyMs);
  const search = (submitted: SubmitEvent) => {
    submitted.preventDefault();
    setPattern(field(new FormData(submitted.currentTarget as HTMLFormElement), 'pattern').trim());
    setPages(['']);
  };
  const next = value?.next;
  return (
    <>
      <form class="row" onSubmit={search}>
        <label>
          User ids that begin with (a regular expression)
          <input name="pattern" placeholder="@_irc_b" />
        </label>
        <button type="submit" class="quiet">
          Search
        </button>
      </form>
      <Problem text={error} />
      {value === undefined && error === undefined && <p class="dim">Asking …</p>}
      {value !== undefined && (
        <p class="dim" role="status">
          {value.total !== undefined && countText(value.total, pattern !== '')}
          {value.total !== 0 && value.ghosts.length === 0 && ' None of this page matches.'}
        </p>
      )}
      {value !== undefined && value.ghosts.length > 0 && <List ghosts={value.ghosts} end={setEnding} />}
      {(pages.length > 1 || next !== undefined) && (
        <div class="buttons">
          <button
            type="button"
            class="quiet"
            disabled={pages.length === 1}
            onClick={() => setPages(pages.slice(0, -1))}
          >
            Back
          </button>
          <button
            type="button"
            class="quiet"
            disabled={next === undefined}
            onClick={() => next !== undefined && setPages([...pages, next])}
          >
            Next
          </button>
        </div>
      )}
      {ending !== undefined && (
        <EndDialog
          path={path}
          ghost={ending}
          close={() => {
            setEnding(undefined);
            again();
          }}
        />
      )}
    </>
  );
}

function countText(total: number, isSearch: boolean): string {
  if (total === 0) return isSearch ? 'None matches.' : 'It has registered no users yet.';
  return `${total} ${total === 1 ? 'user' : 'users'} ${isSearch ? 'found' : 'in all'}.`;
}

function List({ ghosts, end }: { readonly ghosts: readonly Ghost[]; readonly end: (ghost: Ghost) => void }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>User</th>
            <th class="number">Rooms</th>
            <th>Since</th>
            <th>
              <span class="unseen">Deactivate</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {ghosts.map((ghost) => (
            <tr key={ghost.user_id} data-ghost={ghost.user_id}>
              <td class="user">
                <span class="address">{ghost.user_id}</span>
                <br />
                <span class="dim">{ghost.sender === true ? 'its bot' : ghost.displayname}</span>
              </td>
              <td class="number" data-label="Rooms">
                {ghost.rooms}
              </td>
              <td data-label="Since">{day(ghost.created_ts)}</td>
              <td>
                {ghost.deactivated ? (
                  <span class="badge idle">deactivated</span>
                ) : (
                  ghost.sender !== true && (
                    <button type="button" class="quiet" onClick={() => end(ghost)}>
                      Deactivate
                    </button>
                  )
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface EndProps {
  readonly path: string;
  readonly ghost: Ghost;
  readonly close: () => void;
}

function EndDialog({ path, ghost, close }: EndProps) {
  const { act, busy, error } = useAction();
  const end = async () => {
    const id = ghost.user_id;
    // One user: a pattern that is its id, looked for right before it in the order of ids.
    const body = { action: 'deactivate', pattern: `${escaped(id)}$`, from: id.slice(0, -1) };
    if ((await act('POST', `${path}/clean_up`, body)) !== undefined) close();
  };
  return (
    <Dialog title="Deactivate this user?" close={close}>
      <p>
        <strong class="address">{ghost.user_id}</strong> leaves its{' '}
        {ghost.rooms === 1 ? 'room' : `${ghost.rooms} rooms`} and can never be used again.
      </p>
      <Problem text={error} />
      <div class="buttons">
        <button type="button" class="danger" disabled={busy} onClick={() => void end()}>
          Deactivate
        </button>
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
