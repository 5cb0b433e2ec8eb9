// The console's door: who is signed in decides between the sign-in form and the pages.
import { render } from 'preact';
import { Appservices } from './pages/appservices.tsx';
import { Overview } from './pages/overview.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { TryIt } from './pages/try-it.tsx';
import { page, type Page } from './router.ts';
import { session, signOut } from './session.ts';
import './style.css';

const titles: Record<Page, string> = { overview: 'Overview', appservices: 'Application services', 'try-it': 'Try it' };
const pages: Record<Page, () => preact.JSX.Element> = { overview: Overview, appservices: Appservices, 'try-it': TryIt };

function App() {
  const who = session.value;
  if (who === undefined) return <SignIn />;
  const Current = pages[page.value];
  return (
    <>
      <header>
        <strong class="brand">Pons</strong>
        <nav>
          {(Object.keys(titles) as Page[]).map((name) => (
            <a key={name} href={`#/${name}`} aria-current={page.value === name ? 'page' : undefined}>
              {titles[name]}
            </a>
          ))}
        </nav>
        <span class="who">{who.userId}</span>
        <button type="button" class="quiet" onClick={() => void signOut()}>
          Sign out
        </button>
      </header>
      <main>
        <Current />
      </main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
