// EDUs: what servers tell one another that is no event of a room and is forgotten once handled.
// https://spec.matrix.org/v1.19/server-server-api/#edus

import type { JsonObject } from '../json/json-value.ts';

/** An ephemeral data unit. */
export type Edu = {
  edu_type: string;
  content: JsonObject;
};

/** The types of EDU that the specification knows. */
export type EduType =
  | 'm.typing'
  | 'm.receipt'
  | 'm.presence'
  | 'm.device_list_update'
  | 'm.direct_to_device'
  | 'm.signing_key_update';
