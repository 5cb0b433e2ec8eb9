// Which page is shown: the part after # in the address.
import { signal } from '@preact/signals';

export type Page = 'overview' | 'appservices' | 'try-it';
const known: readonly Page[] = ['overview', 'appservices', 'try-it'];
const read = (): Page => known.find((name) => location.hash === `#/${name}`) ?? 'overview';

/** The page that is shown now. */
export const page = signal<Page>(read());
addEventListener('hashchange', () => {
  page.value = read();
});
