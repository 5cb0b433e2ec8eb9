// Adding an application service while the server runs: paste its registration, see what the server finds in it, add it.
import { useState } from 'preact/hooks';
import { ApiError, call } from '../api.ts';
import { Problem } from '../parts/problem.tsx';
import { reason } from '../parts/reason.ts';
import { appserviceAddress } from '../router.ts';
import { session } from '../session.ts';

interface Added {
  readonly id: string;
  readonly sender: string;
  readonly added: boolean;
  readonly warnings: readonly { readonly path: string; readonly reason: string }[];
}
interface Complaint {
  readonly line: number;
  readonly path: string;
  readonly reason: string;
}
/** What the server says of the text as it is. */
type Verdict =
  | { readonly outcome: 'fits'; readonly found: Added }
  | { readonly outcome: 'refused'; readonly complaints: readonly Complaint[] }
  | { readonly outcome: 'failed'; readonly error: string };

const example = `id: irc
url: http://127.0.0.1:29300
as_token: …
hs_token: …
sender_localpart: _irc_bot
namespaces:
  users:
    - { regex: '@_irc_.*', exclusive: true }`;

async function ask(registration: string, isDryRun: boolean): Promise<Verdict> {
  try {
    const body = { registration, dry_run: isDryRun };
    const found = await call<Added>('POST', '/_pons/admin/v1/appservices', { token: session.value?.token ?? '', body });
    return { outcome: 'fits', found };
  } catch (failure) {
    const complaints =
      failure instanceof ApiError ? (failure.fields['complaints'] as readonly Complaint[] | undefined) : undefined;
    return complaints === undefined
      ? { outcome: 'failed', error: reason(failure) }
      : { outcome: 'refused', complaints };
  }
}

export function AddAppservice() {
  const [text, setText] = useState('');
  const [verdict, setVerdict] = useState<Verdict>();
  const [busy, setBusy] = useState(false);
  const check = async (isDryRun: boolean) => {
    setBusy(true);
    const said = await ask(text, isDryRun);
    setBusy(false);
    setVerdict(said);
    if (said.outcome === 'fits' && said.found.added) location.hash = appserviceAddress(said.found.id);
  };
  return (
    <section>
      <p>
        <a href="#/appservices">All application services</a>
      </p>
      <h1>Add an application service</h1>
      <p>
        Paste its registration (YAML or JSON). It is checked first; nothing changes before you add it, and nothing needs
        a restart.
      </p>
      <form
        onSubmit={(submitted) => {
          submitted.preventDefault();
          void check(true);
        }}
      >
        <label>
          Registration
          <textarea
            value={text}
            rows={14}
            spellcheck={false}
            placeholder={example}
            required
            onInput={(input) => {
              setText(input.currentTarget.value);
              setVerdict(undefined);
            }}
          />
        </label>
        <div class="buttons">
          <button type="submit" class={verdict?.outcome === 'fits' ? 'quiet' : ''} disabled={busy}>
            Check
          </button>
          {verdict?.outcome === 'fits' && (
            <button type="button" disabled={busy} onClick={() => void check(false)}>
              Add {verdict.found.id}
            </button>
          )}
        </div>
      </form>
      <div role="status">{verdict !== undefined && <Said verdict={verdict} />}</div>
    </section>
  );
}

function Said({ verdict }: { readonly verdict: Verdict }) {
  if (verdict.outcome === 'failed') return <Problem text={verdict.error} />;
  if (verdict.outcome === 'refused') {
    return (
      <>
        <p class="bad">The registration is refused:</p>
        <ul>
          {verdict.complaints.map(({ line, path, reason: why }) => (
            <li key={`${line} ${path} ${why}`}>
              Line {line}, {path === '' ? 'as a whole' : <code>{path}</code>}: {why}
            </li>
          ))}
        </ul>
      </>
    );
  }
  const { id, sender, warnings } = verdict.found;
  return (
    <>
      <p>
        <strong>{id}</strong> can be added; its bot will be <span class="address">{sender}</span>.{' '}
        {warnings.length === 0 && 'Nothing about it looks unwise.'}
      </p>
      {warnings.length > 0 && (
        <>
          <p class="warn">It works, but look at this first:</p>
          <ul>
            {warnings.map(({ path, reason: why }) => (
              <li key={`${path} ${why}`}>
                {path !== '' && (
                  <>
                    <code>{path}</code>:{' '}
                  </>
                )}
                {why}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
