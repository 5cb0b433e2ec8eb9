// POST /media/v3/upload, POST /media/v1/create and PUT /media/v3/upload/{serverName}/{mediaId}: bytes are streamed to disk.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload

import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import type { ContentRepository, Upload } from '../../media/content-repository.ts';

/** What media routes need of the house. */
export interface MediaParts {
  readonly repository: ContentRepository;
}

/** POST /media/v3/upload */
export function uploadContent({ repository }: MediaParts): Route {
  return {
    endpoint: endpoints.uploadContent,
    handle: async (request) => ({ json: { content_uri: await repository.upload(uploadOf(request)) } }),
  };
}

/** POST /media/v1/create */
export function createContent({ repository }: MediaParts): Route {
  return {
    endpoint: endpoints.createContent,
    async handle(request) {
      const { contentUri, unusedExpiresAt } = await repository.reserve(requesterOf(request).userId);
      return { json: { content_uri: contentUri, unused_expires_at: unusedExpiresAt } };
    },
  };
}

/** PUT /media/v3/upload/{serverName}/{mediaId} */
export function fillContent({ repository }: MediaParts): Route {
  return {
    endpoint: endpoints.uploadContentToMXC,
    async handle(request) {
      const { serverName = '', mediaId = '' } = request.path;
      await repository.fill(serverName, mediaId, uploadOf(request));
      return { json: {} };
    },
  };
}

function uploadOf(request: ApiRequest): Upload {
  const length = Number(request.headers['content-length']);
  return {
    userId: requesterOf(request).userId,
    contentType: request.headers['content-type'] ?? 'application/octet-stream',
    name: request.query.get('filename'),
    declaredBytes: Number.isSafeInteger(length) ? length : undefined,
    bytes: request.stream,
  };
}
