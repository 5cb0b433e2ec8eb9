// mxc: URIs name content in the content repository. The strict grammar of media IDs is what keeps them from being paths.
// https://spec.matrix.org/v1.19/client-server-api/#matrix-content-mxc-uris

import { isIdText } from './id-length.ts';
import { isServerName, type ServerName } from './server-name.ts';

/** `mxc://server/mediaId` */
export type MxcUri = string;

/** The parts of an mxc: URI. */
export interface ParsedMxcUri {
  readonly serverName: ServerName;
  readonly mediaId: string;
}

const grammar = /^mxc:\/\/([^/]+)\/([A-Za-z0-9_-]+)$/;

/** Parts of an mxc: URI, or undefined for what is none. */
export function parseMxcUri(uri: string): ParsedMxcUri | undefined {
  const match = grammar.exec(uri);
  if (match === null) return undefined;
  const [, serverName = '', mediaId = ''] = match;
  return isServerName(serverName) && isIdText(mediaId) ? { serverName, mediaId } : undefined;
}

/** Whether a string is a media ID: letters, digits, `_` and `-`. */
export function isMediaId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,255}$/.test(id);
}
