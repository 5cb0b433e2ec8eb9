// PUT /directory/list/appservice/{networkId}/{roomId}: an application service lists a room for one of its networks, or takes it off.
// https://spec.matrix.org/v1.19/application-service-api/#published-room-directories

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { requiredString } from '../body-members.ts';

/** What the route needs of the house. */
export interface NetworkDirectoryParts {
  /** Lists a room or takes it off; false when there is no such room. */
  readonly setNetworkRoom: (
    room: { readonly appserviceId: string; readonly networkId: string; readonly roomId: string },
    listed: boolean,
  ) => Promise<boolean>;
}

/** Of a network id, which is part of an indexed key. */
const networkIdBytesMax = 255;

/** PUT /directory/list/appservice/{networkId}/{roomId} */
export function putNetworkRoom(parts: NetworkDirectoryParts): Route {
  return {
    endpoint: endpoints.updateAppserviceRoomDirectoryVisibility,
    async handle(request) {
      const { appserviceId } = requesterOf(request);
      if (appserviceId === undefined)
        throw new MatrixError('M_FORBIDDEN', 'Only application services keep the directory of a network.');
      const visibility = requiredString(request.body, 'visibility');
      if (visibility !== 'public' && visibility !== 'private')
        throw new MatrixError('M_INVALID_PARAM', 'visibility must be public or private');
      const { networkId = '', roomId = '' } = request.path;
      if (Buffer.byteLength(networkId) > networkIdBytesMax)
        throw new MatrixError('M_INVALID_PARAM', `A network id has at most ${networkIdBytesMax} bytes.`);
      if (!(await parts.setNetworkRoom({ appserviceId, networkId, roomId }, visibility === 'public')))
        throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
      return { json: {} };
    },
  };
}
