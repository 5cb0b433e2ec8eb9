// The console's door: who is signed in decides between the sign-in form and the pages.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { AppservicePage } from './pages/appservice.tsx';
import { Appservices } from './pages/appservices.tsx';
import { NotFound } from './pages/not-found.tsx';
import { Overview } from './pages/overview.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { TryIt } from './pages/try-it.tsx';
import { askWhetherTryItIsThere, tryItThere } from './parts/try-it-there.ts';
import { place, type Place } from './router.ts';
import { session, signOut } from './session.ts';
import './style.css';

const links = { overview: 'Overview', appservices: 'Application services', 'try-it': 'Try it' } as const;

function titleOf(at: Place): string {
  if (at.page === 'appservice') return at.id;
  return at.page === 'not-found' ? 'Not found' : links[at.page];
}

function Page({ at }: { readonly at: Place }) {
  switch (at.page) {
    case 'overview':
      return <Overview />;
    case 'appservices':
      return <Appservices />;
    case 'appservice':
      return <AppservicePage key={at.id} id={at.id} />;
    case 'try-it':
      return <TryIt />;
    case 'not-found':
      return <NotFound />;
  }
}

function App() {
  const who = session.value;
  const at = place.value;
  const title = `${who === undefined ? 'Sign in' : titleOf(at)} – Pons`;
  const signedIn = who !== undefined;
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    if (signedIn) askWhetherTryItIsThere();
  }, [signedIn]);
  if (who === undefined) return <SignIn />;
  const current = at.page === 'appservice' ? 'appservices' : at.page;
  const shown = (Object.keys(links) as (keyof typeof links)[]).filter((name) => name !== 'try-it' || tryItThere.value);
  return (
    <>
      <header>
        <strong class="brand">Pons</strong>
        <nav>
          {shown.map((name) => (
            <a key={name} href={`#/${name}`} aria-current={current === name ? 'page' : undefined}>
              {links[name]}
            </a>
          ))}
        </nav>
        <span class="who">{who.userId}</span>
        <button type="button" class="quiet" onClick={() => void signOut()}>
          Sign out
        </button>
      </header>
      <main>
        <Page at={at} />
      </main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
