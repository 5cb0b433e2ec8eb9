// The token of /sync: how far its client has heard. Opaque to clients; its first letters say which form it has, so that a later one can
// be told apart. Four numbers: the position in the one stream, the number of the last typing change, that of the last change of presence,
// the last message to the device, and a sign when more of those wait. The first form had neither presence nor sign.
// https://spec.matrix.org/v1.19/client-server-api/#syncing

/** How far a client has heard. */
export interface SinceToken {
  readonly position: number;
  /** ephemeral/typing.ts: number of a change. */
  readonly typing: number;
  /** ephemeral/presence.ts: number of a change. */
  readonly presence: number;
  /** Position of the last to-device message handed out: giving the token back acknowledges it. */
  readonly toDevice: number;
  /** More messages wait after that one: the next request need not wait for news. */
  readonly moreToDevice: boolean;
}

const form = /^s2_(\d{1,16})_(\d{1,16})_(\d{1,16})_(\d{1,16})(~?)$/;
const firstForm = /^s1_(\d{1,16})_(\d{1,16})_(\d{1,16})$/;

/** The token as text. */
export function sinceToken({ position, typing, presence, toDevice, moreToDevice }: SinceToken): string {
  return `s2_${position}_${typing}_${presence}_${toDevice}${moreToDevice ? '~' : ''}`;
}

/** What a token says; undefined for what is no token of ours. */
export function parseSinceToken(token: string): SinceToken | undefined {
  const found = form.exec(token.replace(firstForm, 's2_$1_$2_0_$3'));
  const [position, typing, presence, toDevice] = (found ?? []).slice(1, 5).map(Number);
  if (position === undefined || typing === undefined || presence === undefined || toDevice === undefined)
    return undefined;
  const isSafe = [position, typing, presence, toDevice].every(Number.isSafeInteger);
  return isSafe ? { position, typing, presence, toDevice, moreToDevice: found?.[5] === '~' } : undefined;
}

/** The position of a token of /sync, for /messages and /members, which take such tokens too. */
export function positionOfSinceToken(token: string): number | undefined {
  return parseSinceToken(token)?.position;
}
