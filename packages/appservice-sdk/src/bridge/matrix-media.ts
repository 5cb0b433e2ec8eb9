// A file on the homeserver as networks are given it: its bytes on demand, and a signed link for networks that take only links. The link
// leads to the bridge's own listener, which fetches the file as the bot, because homeservers no longer serve files to strangers.
// https://spec.matrix.org/v1.19/client-server-api/#content-repository

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AppService } from '../appservice.ts';
import { endpoints } from '@pons/spec/endpoints';
import type { Clock } from '../client/clock.ts';
import { requestTo } from '../client/request.ts';
import type { Bridge } from './bridge.ts';
import type { MatrixMedia } from './network.ts';
import { SendFailure } from './send-failure.ts';

/** How long a link lasts when the network does not say. */
const LINK_TTL_MS = 30 * 24 * 3_600_000;
const MXC = /^mxc:\/\/([^/]+)\/([\w-]+)$/;
/** Shown in a browser as what they are; everything else is only downloaded, because it could run something there. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif)|video\/(mp4|webm|ogg)|audio\/(mpeg|mp4|ogg|webm|wav|aac|flac))$/;

/** Media of a message's content; `undefined` when it names no file, or an encrypted one. */
export function matrixMedia(
  bridge: Bridge,
  kind: MatrixMedia['kind'],
  content: Readonly<Record<string, unknown>>,
): MatrixMedia | undefined {
  const { url } = content;
  if (typeof url !== 'string' || !MXC.test(url)) return undefined;
  const info = (typeof content['info'] === 'object' && content['info'] !== null ? content['info'] : {}) as Record<
    string,
    unknown
  >;
  const name = [content['filename'], content['body']].find((value) => typeof value === 'string') ?? 'file';
  const number = (key: string, as: string): Record<string, number> =>
    typeof info[key] === 'number' ? { [as]: info[key] } : {};
  const media: MatrixMedia = {
    kind,
    name,
    mime: typeof info['mimetype'] === 'string' ? info['mimetype'] : 'application/octet-stream',
    ...number('size', 'size'),
    ...number('w', 'width'),
    ...number('h', 'height'),
    ...number('duration', 'durationMs'),
    async open(offset = 0) {
      const bytes = await download(bridge.appservice, url);
      return new Blob([new Uint8Array(bytes.subarray(offset))]).stream();
    },
    async as(want) {
      if (!want.mimes.includes(media.mime))
        throw new SendFailure('unsupported', `files of type ${media.mime} are not taken`);
      if (want.maxBytes !== undefined && (media.size ?? 0) > want.maxBytes)
        throw new SendFailure('too-big', `the file is larger than ${want.maxBytes} bytes`);
      return media;
    },
    link: (ttlMs = LINK_TTL_MS) => Promise.resolve(bridge.mediaLink(url, ttlMs)),
  };
  return media;
}

/** Signs links and answers them on the bridge's listener; answers the maker of links. */
export function serveMediaLinks(
  appservice: AppService,
  secret: string,
  outside: { clock: Clock; publicUrl: () => string },
): (mxc: string, ttlMs: number) => string {
  const sign = (server: string, media: string, expiresTs: string): string =>
    createHmac('sha256', secret).update(`media\n${server}\n${media}\n${expiresTs}`).digest('base64url');
  appservice.expressApp.get('/_pons/media/:server/:media/:expires/:signature', (request, response) => {
    const { server = '', media = '', expires = '', signature = '' } = request.params as Record<string, string>;
    const [given, right] = [Buffer.from(signature), Buffer.from(sign(server, media, expires))];
    const valid =
      given.length === right.length && timingSafeEqual(given, right) && Number(expires) > outside.clock.now();
    if (!valid)
      return void response.status(404).send({ errcode: 'M_NOT_FOUND', error: 'the link is not valid, or no longer' });
    download(appservice, `mxc://${server}/${media}`).then(
      (bytes) => {
        const type = sniffed(bytes);
        response.setHeader('content-type', SHOWN.test(type) ? type : 'application/octet-stream');
        response.setHeader('content-disposition', SHOWN.test(type) ? 'inline' : 'attachment');
        response.setHeader('content-security-policy', "sandbox; default-src 'none'");
        response.setHeader('x-content-type-options', 'nosniff');
        response.end(bytes);
      },
      () => void response.status(404).send({ errcode: 'M_NOT_FOUND', error: 'the file is not there any more' }),
    );
    return undefined;
  });
  return (mxc, ttlMs) => {
    const [, server = '', media = ''] = MXC.exec(mxc) ?? [];
    const expires = String(outside.clock.now() + ttlMs);
    return `${outside.publicUrl()}/_pons/media/${encodeURIComponent(server)}/${media}/${expires}/${sign(server, media, expires)}`;
  };
}

async function download(appservice: AppService, mxc: string): Promise<Uint8Array> {
  const [, serverName = '', mediaId = ''] = MXC.exec(mxc) ?? [];
  const request = requestTo(endpoints.getContentAuthed, { path: { serverName, mediaId }, answer: 'bytes' });
  return (await appservice.bot.call(request)) as unknown as Uint8Array;
}

/** The type by the first bytes: what the sender claims would let them choose what a browser does. */
function sniffed(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\x89PNG')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('GIF8')) return 'image/gif';
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'image/webp';
  if (head.startsWith('OggS')) return 'audio/ogg';
  if (head.startsWith('ID3')) return 'audio/mpeg';
  if (head.slice(4, 8) === 'ftyp') return 'video/mp4';
  return 'application/octet-stream';
}
