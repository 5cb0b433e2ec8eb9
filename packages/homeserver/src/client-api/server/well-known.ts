// /.well-known/matrix/{client,server,support}: where clients and servers find this one, and whom to write to. Each is there only when
// the configuration says it: an address that nobody serves would be worse than none.
// https://spec.matrix.org/v1.19/client-server-api/#well-known-uris

import { endpoints, federationEndpoints } from '@pons/spec/endpoints';
import type { Route } from '../../http/route.ts';

/** What is told. */
export interface WellKnownParts {
  /** Ends in a slash. */
  readonly publicBaseUrl: string | null;
  /** Email address or user id. */
  readonly contact: string | null;
}

/** The well-known files. */
export function wellKnownRoutes({ publicBaseUrl, contact }: WellKnownParts): Route[] {
  const routes: Route[] = [];
  if (publicBaseUrl !== null) {
    const { hostname, port, protocol } = new URL(publicBaseUrl);
    const server = `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
    routes.push(
      file(endpoints.getWellknown, { 'm.homeserver': { base_url: publicBaseUrl } }),
      file(federationEndpoints.getWellKnown, { 'm.server': server }),
    );
  }
  if (contact !== null) {
    const address = contact.startsWith('@') ? { matrix_id: contact } : { email_address: contact };
    routes.push(file(endpoints.getWellknownSupport, { contacts: [{ role: 'm.role.admin', ...address }] }));
  }
  return routes;
}

function file(endpoint: Route['endpoint'], content: object): Route {
  const jsonText = JSON.stringify(content);
  return { endpoint, handle: () => Promise.resolve({ jsonText }) };
}
