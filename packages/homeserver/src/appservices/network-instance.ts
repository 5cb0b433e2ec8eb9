// The instance_id of a network: by it clients tell networks apart, store which one they search, and ask for its directory. An application
// service may have networks of one name under several protocols, which are several instances with one directory: those of its first
// protocol are `id|network`, as they are when it has no other; those of a further one are `id|network|protocol`. What it answers, and
// when, changes nothing about it.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyprotocols

import type { Appservice, AppserviceRegistry } from './registry.ts';

/** The instance_id of a network of a protocol. */
export function instanceIdOf({ id, registration }: Appservice, protocol: string, networkId: string): string {
  const directory = `${id}|${networkId}`;
  return registration.protocols[0] === protocol ? directory : `${directory}|${protocol}`;
}

/** The directory that an instance_id asks for, as rooms are listed in it: `id|network`. */
export function directoryOfInstance(registry: Pick<AppserviceRegistry, 'all'>, instanceId: string): string {
  for (const { id, registration } of registry.all()) {
    if (!instanceId.startsWith(`${id}|`)) continue;
    const further = registration.protocols.slice(1);
    const ending = further.map((protocol) => `|${protocol}`).find((one) => instanceId.endsWith(one));
    if (ending !== undefined && instanceId.length > id.length + ending.length)
      return instanceId.slice(0, -ending.length);
  }
  return instanceId;
}
