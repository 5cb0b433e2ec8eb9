// From where an application service may call: `pons: {allowed_addresses: […]}` in its registration. compose/resolve-token.ts asks on every
// call with its as_token, or with what was narrowed from it; the websocket asks when it is opened and whenever the registration changes.

import { MatrixError } from '@pons/spec';
import type { Appservice } from './registry.ts';

/** Refuses what comes from elsewhere. @throws MatrixError M_FORBIDDEN */
export function assertCallsFrom({ id, allowsAddress }: Appservice, address: string): void {
  if (allowsAddress === undefined || allowsAddress(address)) return;
  throw new MatrixError(
    'M_FORBIDDEN',
    `${id} may not call from ${address.slice(0, 100)}: pons.allowed_addresses in its registration does not hold that address`,
  );
}
