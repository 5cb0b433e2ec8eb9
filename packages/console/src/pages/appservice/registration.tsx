// What the registration of an application service says, without its secrets, and new tokens for it.
import { useState } from 'preact/hooks';
import { useAction } from '../../parts/action.ts';
import { Problem } from '../../parts/problem.tsx';
import type { Appservice } from '../appservices.tsx';
import { RotateDialog } from './rotate.tsx';

interface Namespace {
  readonly regex: string;
  readonly exclusive: boolean;
}
/** As the admin API tells it. */
export interface Registration {
  readonly url: string | null;
  readonly sender_localpart: string;
  readonly namespaces: Readonly<Record<'users' | 'aliases' | 'rooms', readonly Namespace[]>>;
  readonly rate_limited: boolean;
  readonly protocols: readonly string[];
  readonly receive_ephemeral: boolean;
  readonly device_extensions: boolean;
  readonly device_management: boolean;
  readonly double_puppet: unknown;
  readonly unknown_keys: readonly string[];
}

interface RegistrationProps {
  readonly one: Appservice & { readonly registration: Registration };
  readonly path: string;
}

export function RegistrationPart({ one, path }: RegistrationProps) {
  const [isRotating, setRotating] = useState(false);
  const { act, busy, error } = useAction();
  const [isEnded, setEnded] = useState(false);
  const { registration } = one;
  const isFile = one.source !== 'database';
  return (
    <>
      <dl class="facts">
        <Fact name="Url" value={registration.url ?? 'none: it connects by itself, or is sent nothing'} />
        <Fact name="Kept in" value={isFile ? one.source : 'the database'} />
        <Fact name="Bot" value={one.sender} />
        {(['users', 'aliases', 'rooms'] as const).map((kind) => (
          <Fact key={kind} name={`Namespace: ${kind}`} value={<Namespaces all={registration.namespaces[kind]} />} />
        ))}
        <Fact name="Protocols" value={registration.protocols.join(', ') || 'none'} />
        <Fact name="Rate-limited" value={yes(registration.rate_limited)} />
        <Fact name="Typing, receipts, presence" value={yes(registration.receive_ephemeral)} />
        <Fact name="Encryption (device lists, key counts)" value={yes(registration.device_extensions)} />
        <Fact name="Acts for people who consent" value={yes(registration.double_puppet !== false)} />
        {registration.unknown_keys.length > 0 && (
          <Fact name="Keys not known here" value={registration.unknown_keys.join(', ')} />
        )}
      </dl>
      <h2>Tokens</h2>
      {isFile ? (
        <p>
          Put the new as_token and hs_token into {one.source}: the server follows within a second, and the old as_token
          is good for an hour more.
        </p>
      ) : (
        <p>
          New tokens replace the ones it has; the old as_token may live on for a while, so that nothing is lost on the
          way.
        </p>
      )}
      <Problem text={error} />
      <div class="buttons">
        {!isFile && (
          <button type="button" onClick={() => setRotating(true)}>
            New tokens …
          </button>
        )}
        <button
          type="button"
          class="quiet"
          disabled={busy}
          onClick={() => void act('POST', `${path}/end_overlap`, {}).then((done) => setEnded(done !== undefined))}
        >
          Lock out a replaced as_token now
        </button>
        {isEnded && <span role="status">Only the as_token of now is good.</span>}
      </div>
      {isRotating && <RotateDialog id={one.id} path={path} close={() => setRotating(false)} />}
    </>
  );
}

const yes = (is: boolean): string => (is ? 'yes' : 'no');

function Fact({ name, value }: { readonly name: string; readonly value: preact.ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Namespaces({ all }: { readonly all: readonly Namespace[] }) {
  if (all.length === 0) return <>none</>;
  return (
    <>
      {all.map(({ regex, exclusive }) => (
        <div key={regex}>
          <code>{regex}</code> {exclusive && <span class="dim">exclusive</span>}
        </div>
      ))}
    </>
  );
}
