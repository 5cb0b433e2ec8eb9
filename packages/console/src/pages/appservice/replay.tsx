// Asks from when on events are to be sent again, before anything new.
import { useState } from 'preact/hooks';
import { useAction } from '../../parts/action.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { field } from '../../parts/field.ts';
import { Problem } from '../../parts/problem.tsx';

const spans = {
  '10': 'the last 10 minutes',
  '60': 'the last hour',
  '1440': 'the last day',
  other: 'since a time of your choice',
} as const;

interface ReplayProps {
  readonly path: string;
  readonly close: () => void;
}

export function ReplayDialog({ path, close }: ReplayProps) {
  const { act, busy, error } = useAction();
  const [span, setSpan] = useState('60');
  const submit = async (submitted: SubmitEvent) => {
    submitted.preventDefault();
    const form = new FormData(submitted.currentTarget as HTMLFormElement);
    const since = span === 'other' ? new Date(field(form, 'since')).getTime() : Date.now() - Number(span) * 60_000;
    if ((await act('POST', `${path}/replay`, { since_ts: since })) !== undefined) close();
  };
  return (
    <Dialog title="Send events again" close={close}>
      <p>
        Everything of interest since then is sent again, in order, before anything new. Bridges know events that they
        have had by their ids.
      </p>
      <form onSubmit={(submitted) => void submit(submitted)}>
        <label>
          Events of
          <select value={span} onChange={(change) => setSpan(change.currentTarget.value)}>
            {Object.entries(spans).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        {span === 'other' && (
          <label>
            Since
            <input name="since" type="datetime-local" step="1" required />
          </label>
        )}
        <Problem text={error} />
        <div class="buttons">
          <button type="submit" disabled={busy}>
            Send again
          </button>
          <button type="button" class="quiet" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
