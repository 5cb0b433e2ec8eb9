// The program that the door's head comment shows is this one, and works.

import { afterEach, expect, test } from 'vitest';
import { AppService, type MatrixEvent } from './index.ts';
import { recordingHomeserver } from './testing/recording-homeserver.ts';
import { testRegistration } from './testing/test-registration.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

test('the program at the head of the door answers what it hears, once, when its transaction comes again', async () => {
  const homeserver = await recordingHomeserver();
  const homeserverUrl = homeserver.url;
  const [registration, domain] = [testRegistration(), 'example.org'];

  const appservice = new AppService({ registration, homeserverUrl, domain, store: ':memory:' });
  appservice.on('type:m.room.member', async (event: MatrixEvent) => {
    const invited = event.content['membership'] === 'invite' && event.state_key === appservice.bot.userId;
    if (invited) await appservice.bot.ensureJoined(event.room_id);
  });
  appservice.on('type:m.room.message', async (event: MatrixEvent) => {
    if (appservice.isOurs(event.sender)) return;
    await appservice.bot.sendText(event.room_id, String(event.content['body']), { key: event.event_id });
  });
  await appservice.listen(0, '127.0.0.1');

  ends.push(
    () => appservice.close(),
    () => homeserver.close(),
  );
  homeserver.serve(appservice.port, 'hs');
  const room_id = homeserver.makeRoom();
  const sender = '@alice:example.org';
  await homeserver.happens({
    room_id,
    type: 'm.room.member',
    sender,
    state_key: '@bot:example.org',
    content: { membership: 'invite' },
  });
  await homeserver.happens({ room_id, type: 'm.room.message', sender, content: { msgtype: 'm.text', body: 'echo' } });
  await appservice.idle();
  expect(homeserver.said(room_id)).toEqual(['@alice:example.org: echo', '@bot:example.org: echo']);
});
