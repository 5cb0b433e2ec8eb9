// Findings about `url`: what can be parsed and still leads nowhere, or only from some homeservers.

import type { Report } from './findings.ts';
import type { Registration } from './registration.ts';

/** Looks at the url of a registration. */
export function lintUrl({ url, receiveEphemeral, pushEphemeral }: Registration, report: Report): void {
  if (url === null) {
    if (receiveEphemeral || pushEphemeral)
      report(
        'nothing-sent',
        'url',
        'is null: nothing is sent, ephemeral data neither, until the service opens the websocket',
      );
    return;
  }
  if (url.startsWith('unix:'))
    return report('url-elsewhere', 'url', 'is a unix socket: Pons and Dendrite know them, Synapse does not');
  const { protocol, hostname, port, pathname } = new URL(url);
  if (hostname === '0.0.0.0' || hostname === '[::]')
    report('url-address', 'url', `${hostname} is an address to listen on, not one to call: write 127.0.0.1 or a name`);
  else if (hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]')
    report(
      'url-localhost',
      'url',
      `${hostname} is the machine of the homeserver; when that runs in a container, it is the container: use the service's name there`,
    );
  else if (hostname.startsWith('['))
    report('url-elsewhere', 'url', 'is an IPv6 address: some homeservers cannot call one; a name works everywhere');
  if (/^\[fe[89ab]/i.test(hostname))
    report('url-address', 'url', 'is a link-local address, which needs an interface to go with it: use another one');
  if (port === '' && protocol === 'http:' && !/:80(\/|$)/.test(url))
    report('url-port', 'url', 'has no port, so it is called on 80: write the port that the service listens on');
  if (/\/_matrix(\/|$)/.test(pathname))
    report('url-path', 'url', 'ends in a path of the API, which is added to it: write what stands before /_matrix');
  else if (pathname !== '/')
    report(
      'url-elsewhere',
      'url',
      `has a path: it is called as ${pathname.replace(/\/+$/, '')}/_matrix/app/v1/…; see that the service takes that`,
    );
}
