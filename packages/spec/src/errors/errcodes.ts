// Every error code of the specification: its usual HTTP status, what it means, where it is defined.
// MatrixError takes its status from here; docs/errors.md is checked against this table both ways. A data file, so it may be long.
// https://spec.matrix.org/v1.19/client-server-api/#standard-error-response

/** One row of the registry. */
export interface ErrcodeEntry {
  /** The HTTP status it is sent with unless the thrower says otherwise. */
  readonly status: number;
  readonly meaning: string;
  readonly link: string;
}

const cs = 'https://spec.matrix.org/v1.19/client-server-api/';
const ss = 'https://spec.matrix.org/v1.19/server-server-api/';
const as = 'https://spec.matrix.org/v1.19/application-service-api/';
const is = 'https://spec.matrix.org/v1.19/identity-service-api/';
const common = `${cs}#common-error-codes`;
const other = `${cs}#other-error-codes`;

/** The registry: error code → status, meaning, link. */
export const errcodes = {
  M_APPSERVICE_LOGIN_UNSUPPORTED: {
    status: 400,
    meaning: 'This server does not let application services log in or register that way.',
    link: `${as}#server-admin-style-permissions`,
  },
  M_BAD_ALIAS: {
    status: 400,
    meaning: 'An alias in m.room.canonical_alias is malformed or does not point to this room.',
    link: `${cs}#mroomcanonical_alias`,
  },
  M_BAD_JSON: {
    status: 400,
    meaning: 'Valid JSON, but malformed: keys missing or values of a wrong kind.',
    link: common,
  },
  M_BAD_STATE: {
    status: 403,
    meaning: 'The change of state cannot be made, such as unbanning a user who is not banned.',
    link: other,
  },
  M_BAD_STATUS: {
    status: 502,
    meaning: 'The application service answered a ping with another status than 200.',
    link: `${as}#pinging`,
  },
  M_CANNOT_LEAVE_SERVER_NOTICE_ROOM: {
    status: 403,
    meaning: 'The user cannot reject the invitation to the server notices room.',
    link: other,
  },
  M_CANNOT_OVERWRITE_MEDIA: {
    status: 409,
    meaning: 'There is already content at this mxc: URI.',
    link: `${cs}#put_matrixmediav3uploadservernamemediaid`,
  },
  M_CAPTCHA_INVALID: { status: 403, meaning: 'The captcha answer is wrong.', link: other },
  M_CAPTCHA_NEEDED: { status: 401, meaning: 'A captcha is required to complete the request.', link: other },
  M_CONNECTION_FAILED: {
    status: 502,
    meaning: 'The connection to the application service could not be made.',
    link: `${as}#pinging`,
  },
  M_CONNECTION_TIMEOUT: {
    status: 504,
    meaning: 'The application service did not answer in time.',
    link: `${as}#pinging`,
  },
  M_DESTINATION_REJECTED: {
    status: 400,
    meaning: 'The identity server cannot deliver an SMS to that country or region.',
    link: `${is}#phone-number-associations`,
  },
  M_DUPLICATE_ANNOTATION: {
    status: 400,
    meaning: 'The sender has annotated that event with the same key already.',
    link: `${cs}#avoiding-duplicate-annotations`,
  },
  M_EMAIL_SEND_ERROR: {
    status: 400,
    meaning: 'The validation email could not be sent.',
    link: `${is}#standard-error-response`,
  },
  M_EXCLUSIVE: {
    status: 400,
    meaning: 'The resource is reserved by an application service, or is outside the one that asks.',
    link: other,
  },
  M_FORBIDDEN: { status: 403, meaning: 'The requester may not do this.', link: common },
  M_GUEST_ACCESS_FORBIDDEN: { status: 403, meaning: 'The room or resource does not let guests in.', link: other },
  M_INCOMPATIBLE_ROOM_VERSION: {
    status: 400,
    meaning: 'The room has a version that the joining server does not support; see room_version.',
    link: other,
  },
  M_INVALID_ADDRESS: { status: 400, meaning: 'The phone number is not valid.', link: `${is}#standard-error-response` },
  M_INVALID_EMAIL: { status: 400, meaning: 'The email address is not valid.', link: `${is}#standard-error-response` },
  M_INVALID_PARAM: { status: 400, meaning: 'A parameter has a wrong value.', link: other },
  M_INVALID_PEPPER: {
    status: 400,
    meaning: 'The lookup used a pepper that is no longer the current one.',
    link: `${is}#association-lookup`,
  },
  M_INVALID_ROOM_STATE: {
    status: 400,
    meaning: 'The initial state given to createRoom is invalid, such as power levels that shut out the creator.',
    link: other,
  },
  M_INVALID_SIGNATURE: {
    status: 400,
    meaning: 'A signature is missing or does not verify.',
    link: `${cs}#post_matrixclientv3keyssignaturesupload`,
  },
  M_INVALID_USERNAME: { status: 400, meaning: 'That user ID is not valid.', link: other },
  M_INVITE_BLOCKED: {
    status: 403,
    meaning: 'The invited user has blocked invitations.',
    link: `${cs}#invite-permission`,
  },
  M_KEY_TOO_LARGE: {
    status: 400,
    meaning: 'The name of the profile field is longer than 255 bytes.',
    link: `${cs}#put_matrixclientv3profileuseridkeyname`,
  },
  M_LIMIT_EXCEEDED: { status: 429, meaning: 'Too many requests: wait for the time in Retry-After.', link: common },
  M_MISSING_PARAM: { status: 400, meaning: 'A required parameter is missing.', link: other },
  M_MISSING_PARAMS: { status: 400, meaning: 'Required parameters are missing.', link: `${is}#standard-error-response` },
  M_MISSING_TOKEN: { status: 401, meaning: 'The request carries no access token.', link: common },
  M_NOT_FOUND: { status: 404, meaning: 'There is no such resource.', link: common },
  M_NOT_JSON: { status: 400, meaning: 'The body is not valid JSON.', link: common },
  M_NOT_YET_UPLOADED: {
    status: 504,
    meaning: 'The mxc: URI exists, but its content has not been uploaded yet.',
    link: `${cs}#get_matrixclientv1mediadownloadservernamemediaid`,
  },
  M_NO_VALID_SESSION: {
    status: 400,
    meaning: 'The third-party identifier has not been validated in this session.',
    link: `${is}#standard-error-response`,
  },
  M_PROFILE_TOO_LARGE: {
    status: 400,
    meaning: 'The profile would be larger than 64 KiB.',
    link: `${cs}#put_matrixclientv3profileuseridkeyname`,
  },
  M_RESOURCE_LIMIT_EXCEEDED: {
    status: 403,
    meaning: 'The server has reached a limit imposed on it; see admin_contact.',
    link: common,
  },
  M_ROOM_IN_USE: {
    status: 400,
    meaning: 'The room alias is taken, or the room id that an application service chose.',
    link: other,
  },
  M_SEND_ERROR: {
    status: 400,
    meaning: 'The validation message could not be sent.',
    link: `${is}#standard-error-response`,
  },
  M_SERVER_NOT_TRUSTED: {
    status: 400,
    meaning: 'The request names a third-party server that this server does not trust.',
    link: other,
  },
  M_SESSION_EXPIRED: {
    status: 400,
    meaning: 'The validation session has expired.',
    link: `${is}#standard-error-response`,
  },
  M_SESSION_NOT_VALIDATED: {
    status: 400,
    meaning: 'The validation session has not been completed.',
    link: `${is}#standard-error-response`,
  },
  M_TERMS_NOT_SIGNED: {
    status: 403,
    meaning: 'The user has to agree to more terms first.',
    link: `${is}#terms-of-service`,
  },
  M_THREEPID_AUTH_FAILED: {
    status: 403,
    meaning: 'The third-party identifier could not be authenticated.',
    link: other,
  },
  M_THREEPID_DENIED: { status: 403, meaning: 'This server does not permit that third-party identifier.', link: other },
  M_THREEPID_IN_USE: { status: 400, meaning: 'The third-party identifier is in use already.', link: other },
  M_THREEPID_MEDIUM_NOT_SUPPORTED: {
    status: 400,
    meaning: 'This server does not support third-party identifiers of that medium.',
    link: other,
  },
  M_THREEPID_NOT_FOUND: { status: 400, meaning: 'No account has that third-party identifier.', link: other },
  M_TOKEN_INCORRECT: { status: 400, meaning: 'The validation token is wrong.', link: `${is}#email-associations` },
  M_TOO_LARGE: { status: 413, meaning: 'The request or entity is too large.', link: other },
  M_UNABLE_TO_AUTHORISE_JOIN: {
    status: 400,
    meaning: 'The server cannot tell whether the joining user meets the conditions of the join rule; another may.',
    link: `${ss}#restricted-rooms`,
  },
  M_UNABLE_TO_GRANT_JOIN: {
    status: 400,
    meaning: 'The server has no user who could authorise the join; another may.',
    link: `${ss}#restricted-rooms`,
  },
  M_UNAUTHORIZED: { status: 401, meaning: 'The request was not correctly authorised.', link: other },
  M_UNKNOWN: { status: 500, meaning: 'Something went wrong that no other code describes.', link: common },
  M_UNKNOWN_DEVICE: {
    status: 400,
    meaning: 'The device given by the application service is not one of that user.',
    link: common,
  },
  M_UNKNOWN_TOKEN: { status: 401, meaning: 'The access or refresh token is not known; see soft_logout.', link: common },
  M_UNRECOGNIZED: {
    status: 404,
    meaning: 'There is no such endpoint (404), or not with this HTTP method (405).',
    link: common,
  },
  M_UNSUPPORTED_ROOM_VERSION: { status: 400, meaning: 'This server does not support that room version.', link: other },
  M_URL_NOT_SET: {
    status: 400,
    meaning: 'The registration of the application service has no URL to ping.',
    link: `${as}#pinging`,
  },
  M_USER_DEACTIVATED: { status: 403, meaning: 'The account has been deactivated.', link: other },
  M_USER_IN_USE: { status: 400, meaning: 'That user ID is taken.', link: other },
  M_USER_LIMIT_EXCEEDED: {
    status: 403,
    meaning: 'The account has reached a limit of its own; see info_uri and soft_limit.',
    link: common,
  },
  M_USER_LOCKED: { status: 401, meaning: 'The account is locked and cannot be used at this time.', link: common },
  M_USER_SUSPENDED: {
    status: 403,
    meaning: 'The account is suspended and can be used for limited actions only.',
    link: common,
  },
  M_WEAK_PASSWORD: { status: 400, meaning: 'The password is too weak.', link: `${cs}#password-management` },
  M_WRONG_ROOM_KEYS_VERSION: {
    status: 403,
    meaning: 'The key backup named is not the current one; see current_version.',
    link: `${cs}#server-side-key-backups`,
  },
} as const satisfies Record<string, ErrcodeEntry>;

/** A code of the registry. */
export type Errcode = keyof typeof errcodes;

/** Whether a string, such as one from another server, is a code of the registry. */
export function isErrcode(code: string): code is Errcode {
  return Object.hasOwn(errcodes, code);
}
