// A person's own page: which bridges ask to speak in their name, and letting them, or no longer.
import { useAction } from '../parts/action.ts';
import { useLive } from '../parts/live.ts';
import { date } from '../parts/moment.ts';
import { Problem } from '../parts/problem.tsx';
import { isAdmin, session } from '../session.ts';

interface Consent {
  readonly appservice_id: string;
  readonly granted: boolean;
  readonly device_id?: string;
  readonly granted_ts?: number;
}

const consentPath = '/_pons/client/v1/appservice/consent';

export function You() {
  const { value, error, again } = useLive<{ appservices: readonly Consent[] }>(consentPath);
  const { act, busy, error: refused } = useAction();
  const decide = async ({ appservice_id: id, granted }: Consent) => {
    const path = `${consentPath}/${encodeURIComponent(id)}`;
    await (granted ? act('DELETE', path) : act('PUT', path, {}));
    again();
  };
  return (
    <section>
      <h1>You</h1>
      <p class="address">
        You are signed in as <strong>{session.value?.userId}</strong>
        {isAdmin.value === true && ', an administrator of this server'}.
      </p>
      <h2>Bridges that speak for you</h2>
      <p>
        A bridge that you let do so sends what you wrote on the other network in your own name, instead of by a
        stand-in. It is a device among your others; whatever deletes that device takes it back.
      </p>
      <Problem text={refused ?? error} />
      {value === undefined && error === undefined && <p class="dim">Asking …</p>}
      {value?.appservices.length === 0 && <p class="dim">No bridge of this server asks to speak for you.</p>}
      {value !== undefined && value.appservices.length > 0 && (
        <ul class="consents">
          {value.appservices.map((one) => (
            <li key={one.appservice_id} class="card" data-consent={one.appservice_id}>
              <div>
                <strong>{one.appservice_id}</strong>
                <br />
                <span class="dim">
                  {one.granted
                    ? `speaks for you${one.granted_ts === undefined ? '' : ` since ${date(one.granted_ts)}`}, as device ${one.device_id ?? ''}`
                    : 'asks to speak for you'}
                </span>
              </div>
              <button type="button" class={one.granted ? 'quiet' : ''} disabled={busy} onClick={() => void decide(one)}>
                {one.granted ? 'Take it back' : 'Allow'}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
