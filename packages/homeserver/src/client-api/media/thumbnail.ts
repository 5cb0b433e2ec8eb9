// GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}: the original, where that can be one (media/thumbnails.ts).
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediathumbnailservernamemediaid

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import type { Route } from '../../http/route.ts';
import { checkThumbnail } from '../../media/thumbnails.ts';
import { contentHeaders } from './content-headers.ts';
import { waitMsOf } from './download.ts';
import type { MediaParts } from './upload.ts';

/** GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId} */
export function thumbnail({ repository }: MediaParts): Route {
  return {
    endpoint: endpoints.getContentThumbnailAuthed,
    async handle(request) {
      const { serverName = '', mediaId = '' } = request.path;
      for (const side of ['width', 'height']) checkSide(request.query.get(side), side);
      const media = await repository.find(serverName, mediaId, waitMsOf(request), request.signal);
      await checkThumbnail(repository, media);
      return { headers: contentHeaders(media, media.name), bytes: await repository.read(media) };
    },
  };
}

function checkSide(text: string | null, side: string): void {
  if (text === null) throw new MatrixError('M_MISSING_PARAM', `give the ${side} of the thumbnail`);
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
    throw new MatrixError('M_UNKNOWN', `the ${side} of a thumbnail is a number of pixels`, { status: 400 });
  }
}
