// Whether this server has the Try it page's other side, /_pons/try-it: only the quick start brings it. A browser does not say why a
// WebSocket was not opened, so one that fails while the server answers otherwise means: not there.
import { signal } from '@preact/signals';
import { call } from '../api.ts';

/** undefined: not known yet. */
export const tryItThere = signal<boolean | undefined>(undefined);

/** Where the IRC side listens. */
export const tryItAddress = (): string => `${location.origin.replace(/^http/, 'ws')}/_pons/try-it`;

let asked = false;

/** Finds out once. */
export function askWhetherTryItIsThere(): void {
  if (asked) return;
  asked = true;
  const socket = new WebSocket(tryItAddress());
  socket.onopen = () => {
    tryItThere.value = true;
    socket.close();
  };
  socket.onclose = () => {
    if (tryItThere.value !== undefined) return;
    call('GET', '/_matrix/client/versions').then(
      () => {
        tryItThere.value = false;
      },
      () => {
        // Nothing answers at all, which says nothing about this page.
        tryItThere.value = true;
      },
    );
  };
}
