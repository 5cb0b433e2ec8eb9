// Gives an application service new tokens and shows them, this once.
import { useState } from 'preact/hooks';
import { useAction } from '../../parts/action.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { field } from '../../parts/field.ts';
import { date } from '../../parts/moment.ts';
import { Problem } from '../../parts/problem.tsx';

interface Rotated {
  readonly as_token: string;
  readonly hs_token: string;
  readonly old_as_token_until_ts: number;
  readonly registration: string;
}

const overlaps = [
  [3_600_000, 'for an hour'],
  [86_400_000, 'for a day'],
  [600_000, 'for 10 minutes'],
  [0, 'no longer'],
] as const;

interface RotateProps {
  readonly id: string;
  readonly path: string;
  readonly close: () => void;
}

export function RotateDialog({ id, path, close }: RotateProps) {
  const { act, busy, error } = useAction();
  const [rotated, setRotated] = useState<Rotated>();
  const submit = async (submitted: SubmitEvent) => {
    submitted.preventDefault();
    const form = new FormData(submitted.currentTarget as HTMLFormElement);
    setRotated(await act<Rotated>('POST', `${path}/rotate`, { overlap_ms: Number(field(form, 'overlap')) }));
  };
  if (rotated !== undefined) return <NewTokens id={id} rotated={rotated} close={close} />;
  return (
    <Dialog title={`New tokens for ${id}`} close={close}>
      <p>
        It gets a new as_token and a new hs_token. They are shown once; put them into its registration and start it
        anew.
      </p>
      <form onSubmit={(submitted) => void submit(submitted)}>
        <label>
          The old as_token is good
          <select name="overlap">
            {overlaps.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <Problem text={error} />
        <div class="buttons">
          <button type="submit" disabled={busy}>
            Make new tokens
          </button>
          <button type="button" class="quiet" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface NewTokensProps {
  readonly id: string;
  readonly rotated: Rotated;
  readonly close: () => void;
}

function NewTokens({ id, rotated, close }: NewTokensProps) {
  return (
    <Dialog title={`New tokens of ${id}`} close={close}>
      <p>
        Copy them now: they are not shown again.{' '}
        {rotated.old_as_token_until_ts <= Date.now()
          ? 'The old as_token is locked out.'
          : `The old as_token is good until ${date(rotated.old_as_token_until_ts)}.`}
      </p>
      <Secret name="as_token" text={rotated.as_token} />
      <Secret name="hs_token" text={rotated.hs_token} />
      <details>
        <summary>The whole registration</summary>
        <Secret name="registration" text={rotated.registration} />
      </details>
      <div class="buttons">
        <button type="button" onClick={close}>
          I have them
        </button>
      </div>
    </Dialog>
  );
}

function Secret({ name, text }: { readonly name: string; readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  // Without https a browser may refuse: the text can be selected.
  const copy = () =>
    navigator.clipboard?.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <div class="secret">
      <span class="dim">{name}</span>
      <pre data-secret={name}>{text}</pre>
      {window.isSecureContext && (
        <button type="button" class="quiet" aria-label={`Copy ${name}`} onClick={() => void copy()}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      )}
    </div>
  );
}
