// The token of /sync: how far its client has heard. Opaque to clients; its first letters say which form it has, so that a later one can
// be told apart. Three numbers: the position in the one stream, the number of the last typing change, the last message to the device.
// https://spec.matrix.org/v1.19/client-server-api/#syncing

/** How far a client has heard. */
export interface SinceToken {
  readonly position: number;
  /** ephemeral/typing.ts: number of a change. */
  readonly typing: number;
  /** Position of the last to-device message handed out: giving the token back acknowledges it. */
  readonly toDevice: number;
}

const form = /^s1_(\d{1,16})_(\d{1,16})_(\d{1,16})$/;

/** The token as text. */
export function sinceToken({ position, typing, toDevice }: SinceToken): string {
  return `s1_${position}_${typing}_${toDevice}`;
}

/** What a token says; undefined for what is no token of ours. */
export function parseSinceToken(token: string): SinceToken | undefined {
  const [, position, typing, toDevice] = (form.exec(token) ?? []).map(Number);
  if (position === undefined || typing === undefined || toDevice === undefined) return undefined;
  return [position, typing, toDevice].every(Number.isSafeInteger) ? { position, typing, toDevice } : undefined;
}

/** The position of a token of /sync, for /messages and /members, which take such tokens too. */
export function positionOfSinceToken(token: string): number | undefined {
  return parseSinceToken(token)?.position;
}
