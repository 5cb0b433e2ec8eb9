// The content repository on the real table and a real folder.
// https://spec.matrix.org/v1.19/client-server-api/#content-repository
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { contentHeaders } from '../../src/client-api/media/content-headers.ts';
import { ContentRepository, type Media } from '../../src/media/content-repository.ts';
import { FileStore } from '../../src/media/file-store.ts';
import { imageSize } from '../../src/media/image-size.ts';
import { checkThumbnail } from '../../src/media/thumbnails.ts';
import { systemRandom } from '../../src/platform/random.ts';

const serverName = 'pons.test';
const clock = fakeClock();
const forever = new AbortController().signal;
let database: TestDatabase;
let folder: string;
let repository: ContentRepository;

beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'pons-media-'));
  const files = new FileStore(folder, randomBytes);
  await files.prepare();
  repository = new ContentRepository({
    db: database.db,
    files,
    clock,
    random: systemRandom,
    serverName,
    uploadBytesMax: 1_000,
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

function upload(bytes: Buffer | Readable, more: { contentType?: string; name?: string; userId?: string } = {}) {
  return {
    userId: more.userId ?? '@alice:pons.test',
    contentType: more.contentType ?? 'text/plain',
    name: more.name ?? null,
    declaredBytes: undefined,
    bytes: Buffer.isBuffer(bytes) ? Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]) : bytes,
  };
}

const idOf = (uri: string) => uri.slice(`mxc://${serverName}/`.length);
const find = (mediaId: string, waitMs = 0) => repository.find(serverName, mediaId, waitMs, forever);
const leftovers = () => readdir(path.join(folder, 'incoming'));

describe('an upload', () => {
  it('comes back byte for byte with its type and name', async () => {
    const bytes = randomBytes(900);
    const media = await find(idOf(await repository.upload(upload(bytes, { contentType: 'image/png', name: 'ä.png' }))));
    expect(media).toMatchObject({ contentType: 'image/png', name: 'ä.png', sizeBytes: 900 });
    expect(await buffer(await repository.read(media))).toEqual(bytes);
  });

  it('of the same bytes twice is kept once, under two ids', async () => {
    const bytes = Buffer.from('the same bytes twice');
    const [one, two] = [await repository.upload(upload(bytes)), await repository.upload(upload(bytes))];
    expect(one).not.toBe(two);
    expect((await find(idOf(one))).sha256).toEqual((await find(idOf(two))).sha256);
  });

  it('that grows beyond the limit, or breaks off, leaves nothing behind', async () => {
    await expect(repository.upload(upload(randomBytes(1_001)))).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
    const broken = new Readable({ read: () => {} });
    const uploading = repository.upload(upload(broken));
    broken.push('half');
    broken.destroy(new Error('the client went away'));
    await expect(uploading).rejects.toThrow('went away');
    expect(await leftovers()).toEqual([]);
  });

  it('declared too large is refused before a byte is read', async () => {
    const refused = repository.upload({ ...upload(Readable.from([])), declaredBytes: 1_001 });
    await expect(refused).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
  });

  it('of a type or name that no header could carry loses it', async () => {
    const odd = upload(Buffer.from('x'), { contentType: 'text/plain\r\nx: y', name: 'n'.repeat(300) });
    expect(await find(idOf(await repository.upload(odd)))).toMatchObject({
      contentType: 'application/octet-stream',
      name: null,
    });
  });
});

describe('a reserved id', () => {
  it('is not yet uploaded, then filled once, by its user alone', async () => {
    const { contentUri } = await repository.reserve('@alice:pons.test');
    const id = idOf(contentUri);
    await expect(find(id)).rejects.toMatchObject({ errcode: 'M_NOT_YET_UPLOADED', status: 504 });
    const bytes = Buffer.from('filled afterwards');
    const foreign = repository.fill(serverName, id, upload(bytes, { userId: '@bob:pons.test' }));
    await expect(foreign).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    const waiting = find(id, 5_000);
    await repository.fill(serverName, id, upload(bytes));
    await clock.advance(1_000);
    expect((await waiting).sizeBytes).toBe(bytes.length);
    const again = repository.fill(serverName, id, upload(bytes));
    await expect(again).rejects.toMatchObject({ errcode: 'M_CANNOT_OVERWRITE_MEDIA', status: 409 });
  });

  it('expires after a day, and there are only so many', async () => {
    const carol = '@carol:pons.test';
    const { contentUri } = await repository.reserve(carol);
    for (let n = 1; n < 100; n += 1) await repository.reserve(carol);
    await expect(repository.reserve(carol)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
    await clock.advance(24 * 3_600_000);
    const late = upload(Buffer.from('late'), { userId: carol });
    await expect(repository.fill(serverName, idOf(contentUri), late)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    await repository.reserve(carol);
  });
});

describe('media that is not there', () => {
  it.each(['neverreserved', '..', '../../homeserver.yaml', 'a/b', ''])('%j is not found', async (mediaId) => {
    await expect(find(mediaId)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });
  it('is that of other servers', async () => {
    await expect(repository.find('other.test', 'x', 0, forever)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });
});

describe('headers of a download', () => {
  const media = (contentType: string): Media => ({
    mediaId: 'x',
    contentType,
    name: null,
    sizeBytes: 1,
    sha256: Buffer.alloc(32),
  });
  const cases: [string, string | null, string][] = [
    ['image/png', null, 'inline'],
    ['IMAGE/PNG; a=b', 'a.png', 'inline; filename="a.png"'],
    ['image/svg+xml', 'a.svg', 'attachment; filename="a.svg"'],
    ['text/html', null, 'attachment'],
    ['text/plain', 'say "hi"\\.txt', 'inline; filename="say \\"hi\\"\\\\.txt"'],
    ['text/plain', "ä'\n.txt", "inline; filename*=utf-8''%C3%A4%27%0A.txt"],
  ];
  it.each(cases)('%s named %j: %s', (contentType, name, expected) => {
    const headers = contentHeaders(media(contentType), name);
    expect(headers['content-disposition']).toBe(expected);
    expect(headers['content-security-policy']).toContain("sandbox; default-src 'none'; script-src 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('a thumbnail', () => {
  const png = (width: number, height: number) => {
    const bytes = Buffer.alloc(33);
    bytes.write('\x89PNG\r\n\x1a\n', 'latin1');
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    return bytes;
  };
  const check = async (bytes: Buffer) =>
    checkThumbnail(repository, await find(idOf(await repository.upload(upload(bytes)))));

  it('is the original where that is an image of moderate size', async () => {
    await expect(check(png(800, 600))).resolves.toBeUndefined();
  });
  it('is refused of what is no image, or a gigantic one', async () => {
    await expect(check(Buffer.from('%!PS-Adobe-3.0 EPSF-3.0'))).rejects.toMatchObject({ status: 400 });
    await expect(check(png(60_000, 60_000))).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
  });

  const images: [string, string, object | undefined][] = [
    ['a GIF', '474946383961400020000000', { width: 64, height: 32 }],
    ['a JPEG after a comment', 'ffd8fffe0004aabbffc000110800200040030111000211010311', { width: 64, height: 32 }],
    [
      'a lossless WebP',
      '52494646000000005745425056503 84c000000002f3fc00700000000000000'.replaceAll(' ', ''),
      { width: 64, height: 32 },
    ],
    ['a JPEG cut short', 'ffd8ffe0', undefined],
    ['nothing', '', undefined],
  ];
  it.each(images)('sees the size of %s', (_, hex, size) => {
    expect(imageSize(Buffer.from(hex, 'hex'))).toEqual(size);
  });
});
