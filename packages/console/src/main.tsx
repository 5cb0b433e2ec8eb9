// The console's door: who is signed in decides between the sign-in form and the pages.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { AddAppservice } from './pages/add-appservice.tsx';
import { AppservicePage } from './pages/appservice.tsx';
import { Appservices } from './pages/appservices.tsx';
import { JourneyPage } from './pages/journey.tsx';
import { NotFound } from './pages/not-found.tsx';
import { Overview } from './pages/overview.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { TryIt } from './pages/try-it.tsx';
import { You } from './pages/you.tsx';
import { askWhetherTryItIsThere, tryItThere } from './parts/try-it-there.ts';
import { place, type Place } from './router.ts';
import { askWhetherAdmin, isAdmin, session, signOut } from './session.ts';
import './style.css';

const links = {
  overview: 'Overview',
  appservices: 'Application services',
  journey: 'Journey',
  'try-it': 'Try it',
  you: 'You',
} as const;
/** What is there for whoever is no administrator. */
const forAll: readonly string[] = ['you', 'try-it'];

function titleOf(at: Place): string {
  if (at.page === 'appservice') return at.id;
  if (at.page === 'add-appservice') return 'Add an application service';
  return at.page === 'not-found' ? 'Not found' : links[at.page];
}

function Page({ at }: { readonly at: Place }) {
  switch (at.page) {
    case 'overview':
      return <Overview />;
    case 'appservices':
      return <Appservices />;
    case 'appservice':
      return <AppservicePage key={at.id} id={at.id} part={at.part} />;
    case 'add-appservice':
      return <AddAppservice />;
    case 'journey':
      return <JourneyPage roomId={at.roomId} eventId={at.eventId} />;
    case 'you':
      return <You />;
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
    if (!signedIn) return;
    askWhetherTryItIsThere();
    void askWhetherAdmin();
  }, [signedIn]);
  if (who === undefined) return <SignIn />;
  const mayAll = isAdmin.value;
  if (mayAll === undefined) return null;
  const current = at.page === 'appservice' || at.page === 'add-appservice' ? 'appservices' : at.page;
  const shown = (Object.keys(links) as (keyof typeof links)[]).filter(
    (name) => (mayAll || forAll.includes(name)) && (name !== 'try-it' || tryItThere.value),
  );
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
        <Page at={mayAll || forAll.includes(at.page) ? at : { page: 'you' }} />
      </main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
