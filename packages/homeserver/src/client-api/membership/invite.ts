// POST /rooms/{roomId}/invite
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite
import { MatrixError } from '@pons/spec';
import { type Endpoint, endpoints } from '@pons/spec/endpoints';
import { type InviteParts, inviteUser } from '../../actions/invite-user.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString, requiredString } from '../body-members.ts';

// The specification describes two endpoints of one path, told apart by the body, and its data files tell their paths apart by a blank.
const { request: _schema, ...described } = endpoints.inviteUser;
const endpoint: Endpoint = { ...described, path: endpoints.inviteBy3PID.path };

/** POST /rooms/{roomId}/invite */
export function invite(parts: InviteParts): Route {
  return {
    endpoint,
    async handle(request) {
      const { body } = request;
      if (body['user_id'] === undefined && body['medium'] !== undefined) {
        throw new MatrixError(
          'M_THREEPID_MEDIUM_NOT_SUPPORTED',
          'This server sends no invitations to email addresses: invite a user_id.',
        );
      }
      await inviteUser(parts, requesterOf(request), {
        roomId: request.path['roomId'] ?? '',
        userId: requiredString(body, 'user_id'),
        reason: optionalString(body, 'reason'),
        trace: request.trace,
      });
      return { json: {} };
    },
  };
}
