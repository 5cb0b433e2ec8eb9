// Headers under which media goes out: never something that a browser would run in this server's name. Only types that cannot carry a
// script are shown inline; everything else is an attachment.
// https://spec.matrix.org/v1.19/client-server-api/#serving-inline-content

import type { Media } from '../../media/content-repository.ts';

const inlineTypes = new Set([
  'text/css',
  'text/plain',
  'text/csv',
  'application/json',
  'application/ld+json',
  'image/jpeg',
  'image/gif',
  'image/png',
  'image/apng',
  'image/webp',
  'image/avif',
  'video/mp4',
  'video/webm',
  'video/ogg',
  'video/quicktime',
  'audio/mp4',
  'audio/webm',
  'audio/aac',
  'audio/mpeg',
  'audio/ogg',
  'audio/wave',
  'audio/wav',
  'audio/x-wav',
  'audio/x-pn-wav',
  'audio/flac',
  'audio/x-flac',
]);

/** Headers of a download. */
export function contentHeaders(media: Media, name: string | null): Record<string, string> {
  return {
    'content-type': media.contentType,
    'content-length': String(media.sizeBytes),
    'content-disposition': disposition(media.contentType, name),
    'content-security-policy':
      "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';",
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
    // Content never changes; it is private because it was asked for with a token.
    'cache-control': 'private, max-age=31536000, immutable',
  };
}

function disposition(contentType: string, name: string | null): string {
  const [type = ''] = contentType.split(';');
  const kind = inlineTypes.has(type.trim().toLowerCase()) ? 'inline' : 'attachment';
  if (name === null) return kind;
  if (/^[\x20-\x7e]*$/.test(name)) return `${kind}; filename="${name.replaceAll(/["\\]/g, '\\$&')}"`;
  return `${kind}; filename*=utf-8''${encodeName(name)}`;
}

/** RFC 5987: what encodeURIComponent leaves, but these. A half surrogate pair has no encoding. */
function encodeName(name: string): string {
  const encode = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(name.toWellFormed()).replaceAll(/['()*]/g, encode);
}
