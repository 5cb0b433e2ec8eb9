// Every endpoint of end-to-end encryption.

import type { UploadSigningKeysParts } from '../../actions/upload-signing-keys.ts';
import type { Route } from '../../http/route.ts';
import { getKeyChanges, type KeyChangesParts } from './key-changes.ts';
import { type AskKeysParts, postKeysClaim, postKeysQuery } from './query-keys.ts';
import { roomKeyVersionRoutes } from './room-key-versions.ts';
import { roomKeyRoutes } from './room-keys.ts';
import { postKeys } from './upload-keys.ts';
import { postSignatures, postSigningKeys } from './upload-signing-keys.ts';

/** What they need of the house. */
export type KeysRouteParts = UploadSigningKeysParts & KeyChangesParts & AskKeysParts;

/** Their routes. */
export function keysRoutes(parts: KeysRouteParts): Route[] {
  return [
    postKeys(parts),
    postKeysQuery(parts),
    postKeysClaim(parts),
    getKeyChanges(parts),
    postSigningKeys(parts),
    postSignatures(parts),
    ...roomKeyVersionRoutes(parts),
    ...roomKeyRoutes(parts),
  ];
}
