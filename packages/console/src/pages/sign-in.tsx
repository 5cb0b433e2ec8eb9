// The sign-in form. Administrators see the server behind it, everybody else what concerns themselves.
import { useState } from 'preact/hooks';
import { field } from '../parts/field.ts';
import { reason } from '../parts/reason.ts';
import { signIn } from '../session.ts';

export function SignIn() {
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setError(undefined);
    try {
      await signIn(field(form, 'user'), field(form, 'password'));
    } catch (failure) {
      setError(reason(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <h1>Pons</h1>
        <p>Sign in with an account of this server. Administrators see all of it.</p>
        <label>
          User name
          <input name="user" autocomplete="username" autofocus required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {error !== undefined && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        <button type="submit" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
