// GET /_matrix/client/v1/media/download, with and without a file name, and /config. Their predecessors without authentication are frozen:
// everything on this server was uploaded after the freeze, so they answer 404, as the specification provides for.
// https://spec.matrix.org/v1.19/client-server-api/#content-repo-client-behaviour

import { MatrixError } from '@pons/spec';
import { type Endpoint, endpoints } from '@pons/spec/endpoints';
import type { ApiRequest, ApiResponse, Route } from '../../http/route.ts';
import { contentHeaders } from './content-headers.ts';
import type { MediaParts } from './upload.ts';

/** GET /_matrix/client/v1/media/download/{serverName}/{mediaId}, and with {fileName} */
export function downloads(parts: MediaParts): Route[] {
  return [endpoints.getContentAuthed, endpoints.getContentOverrideNameAuthed].map((endpoint) => ({
    endpoint,
    handle: (request) => download(parts, request),
  }));
}

/** The routes of the frozen, unauthenticated media. */
export function frozenDownloads(): Route[] {
  const frozen: Endpoint[] = [endpoints.getContent, endpoints.getContentOverrideName, endpoints.getContentThumbnail];
  return frozen.map((endpoint) => ({
    endpoint,
    handle: () => {
      const where = 'media is served at /_matrix/client/v1/media, with an access token';
      return Promise.reject(new MatrixError('M_NOT_FOUND', where));
    },
  }));
}

/** GET /_matrix/client/v1/media/config and its predecessor */
export function mediaConfig({ repository }: MediaParts): Route[] {
  return [endpoints.getConfigAuthed, endpoints.getConfig].map((endpoint) => ({
    endpoint,
    handle: () => Promise.resolve({ json: { 'm.upload.size': repository.uploadBytesMax } }),
  }));
}

/** How long a client waits for media that is not uploaded yet. @throws MatrixError M_INVALID_PARAM */
export function waitMsOf({ query }: ApiRequest): number | undefined {
  const text = query.get('timeout_ms');
  if (text === null) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw new MatrixError('M_INVALID_PARAM', 'timeout_ms is a number of milliseconds');
  return Number(text);
}

async function download({ repository }: MediaParts, request: ApiRequest): Promise<ApiResponse> {
  const { serverName = '', mediaId = '', fileName } = request.path;
  const media = await repository.find(serverName, mediaId, waitMsOf(request), request.signal);
  return { headers: contentHeaders(media, fileName ?? media.name), bytes: await repository.read(media) };
}
