// Thumbnails without an image scaler: a client gets the original where that is an image small enough to be one, which the specification
// allows ("the server may return the original"). What is no image, or too large, is refused rather than passed on.
// https://spec.matrix.org/v1.19/client-server-api/#thumbnails

import { MatrixError } from '@pons/spec';
import type { ContentRepository, Media } from './content-repository.ts';
import { imageSize, imageStartBytes } from './image-size.ts';

/** Originals beyond this are refused: a list of thumbnails must stay light. */
const originalBytesMax = 10 * 1024 * 1024;
/** A picture of more takes a client hundreds of megabytes to show. */
const pixelsMax = 50_000_000;

/** Checks that media may stand for its own thumbnail. @throws MatrixError M_UNKNOWN (400), M_TOO_LARGE */
export async function checkThumbnail(repository: ContentRepository, media: Media): Promise<void> {
  const size = imageSize(await repository.readStart(media, imageStartBytes));
  if (size === undefined) {
    throw new MatrixError('M_UNKNOWN', 'this media is no image of which a thumbnail could be shown', { status: 400 });
  }
  if (media.sizeBytes > originalBytesMax || size.width * size.height > pixelsMax) {
    throw new MatrixError('M_TOO_LARGE', 'this image is too large for a thumbnail');
  }
}
