// A bot that joins where it is invited and says again what it hears, once, whatever crashes in between.
// node main.ts [registration.yaml [http://127.0.0.1:8008 [localhost [port]]]]

import { AppService, type MatrixEvent } from '@pons/appservice-sdk';

const [
  registration = 'registration.yaml',
  homeserverUrl = 'http://127.0.0.1:8008',
  domain = 'localhost',
  port = '9000',
] = process.argv.slice(2);
const appservice = new AppService({
  registration,
  homeserverUrl,
  domain,
  store: process.env['STORE'] ?? 'echo.sqlite',
});

appservice.on('type:m.room.member', async (event: MatrixEvent) => {
  const invited = event.content['membership'] === 'invite' && event.state_key === appservice.bot.userId;
  if (invited) await appservice.bot.ensureJoined(event.room_id);
});

appservice.on('type:m.room.message', async (event: MatrixEvent) => {
  // Bots do not answer notices, nor themselves.
  if (appservice.isOurs(event.sender) || event.content['msgtype'] !== 'm.text') return;
  // The key makes the answer one event however often this runs for the same message.
  await appservice.bot.sendText(event.room_id, String(event.content['body']), { key: event.event_id });
});

await appservice.listen(Number(port), '127.0.0.1');
console.log(`the echo bot listens on port ${appservice.port}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void appservice.close());
