// Which page is shown: the part after # in the address, such as #/overview or #/appservices/irc.
import { signal } from '@preact/signals';

export type Place =
  | { readonly page: 'overview' | 'appservices' | 'try-it' | 'not-found' }
  | { readonly page: 'appservice'; readonly id: string };

/** The address of an application service's page. */
export const appserviceAddress = (id: string): string => `#/appservices/${encodeURIComponent(id)}`;

function read(): Place {
  const [page = '', id = '', ...more] = location.hash.replace(/^#?\/?/, '').split('/');
  if (more.length > 0) return { page: 'not-found' };
  if (page === 'appservices' && id !== '') {
    const decoded = decode(id);
    return decoded === undefined ? { page: 'not-found' } : { page: 'appservice', id: decoded };
  }
  if (page === '') return { page: 'overview' };
  if (id === '' && (page === 'overview' || page === 'appservices' || page === 'try-it')) return { page };
  return { page: 'not-found' };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoding, so no address that this console made.
    return undefined;
  }
}

/** The page that is shown now. */
export const place = signal<Place>(read());
addEventListener('hashchange', () => {
  place.value = read();
});
