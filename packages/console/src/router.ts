// Which page is shown: the part after # in the address, such as #/overview, #/appservices/irc/ghosts or #/journey/ROOM/EVENT.
import { signal } from '@preact/signals';

const plainPages = ['overview', 'appservices', 'add-appservice', 'journey', 'you', 'try-it'] as const;
/** Parts of an application service's page. */
export const appserviceParts = ['live', 'ghosts', 'registration'] as const;
export type AppservicePart = (typeof appserviceParts)[number];

export type Place =
  | { readonly page: Exclude<(typeof plainPages)[number], 'journey'> | 'not-found' }
  | { readonly page: 'journey'; readonly roomId: string; readonly eventId: string }
  | { readonly page: 'appservice'; readonly id: string; readonly part: AppservicePart };

/** The address of an application service's page. */
export const appserviceAddress = (id: string, part: AppservicePart = 'live'): string =>
  `#/appservices/${encodeURIComponent(id)}${part === 'live' ? '' : `/${part}`}`;

/** The address of an event's journey. */
export const journeyAddress = (roomId: string, eventId: string): string =>
  `#/journey/${encodeURIComponent(roomId)}/${encodeURIComponent(eventId)}`;

function read(): Place {
  const parts = location.hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decode);
  const [page = '', first, second, ...more] = parts;
  if (more.length > 0 || parts.includes(undefined)) return { page: 'not-found' };
  if (page === '') return { page: 'overview' };
  if (page === 'appservices' && first !== undefined && first !== '') {
    const part = second === undefined ? 'live' : appserviceParts.find((one) => one === second);
    return part === undefined ? { page: 'not-found' } : { page: 'appservice', id: first, part };
  }
  if (page === 'journey') return { page, roomId: first ?? '', eventId: second ?? '' };
  const plain = plainPages.find((one) => one === page);
  return plain === undefined || plain === 'journey' || first !== undefined ? { page: 'not-found' } : { page: plain };
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
