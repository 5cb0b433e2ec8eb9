// https://spec.matrix.org/v1.19/client-server-api/#mroommessage

import type { JsonObject } from '../../json/json-value.ts';

/** Content of m.room.message, as far as all kinds share it. */
export type RoomMessageContent = {
  msgtype: string;
  body: string;
  format?: string;
  formatted_body?: string;
  /** mxc: URI of files, images, audio, video. */
  url?: string;
  filename?: string;
  info?: JsonObject;
  'm.mentions'?: { user_ids?: string[]; room?: boolean };
  'm.relates_to'?: JsonObject;
  'm.new_content'?: JsonObject;
};
