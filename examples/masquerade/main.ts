// Speaks as several users, with times of its own: a small conversation from the past, imported into a room.
// node main.ts [registration.yaml [http://127.0.0.1:8008 [localhost ['name of the room']]]]

import { AppService } from '@pons/appservice-sdk';

const [
  registration = 'registration.yaml',
  homeserverUrl = 'http://127.0.0.1:8008',
  domain = 'localhost',
  name = 'history',
] = process.argv.slice(2);
const appservice = new AppService({
  registration,
  homeserverUrl,
  domain,
  store: process.env['STORE'] ?? 'masquerade.sqlite',
});

const conversation = [
  { who: 'ada', said: 'Has anyone tried the new engine?', at: Date.UTC(1994, 7, 5, 10, 0) },
  { who: 'charles', said: 'It computes. Mostly.', at: Date.UTC(1994, 7, 5, 10, 1) },
  { who: 'ada', said: 'I wrote a programme for it.', at: Date.UTC(1994, 7, 5, 10, 3) },
];

const body = { name, preset: 'public_chat' };
const { room_id: roomId } = await appservice.bot.call({ method: 'POST', path: '/_matrix/client/v3/createRoom', body });

for (const [index, { who, said, at }] of conversation.entries()) {
  // Registered, named and joined by itself; `ts` is honoured for application services; the key makes a second run of this line harmless.
  const speaker = appservice.intent(`masq_${who}`);
  await speaker.setDisplayName(who[0]!.toUpperCase() + who.slice(1));
  await speaker.sendText(String(roomId), said, { ts: at, key: `line ${index}` });
}
console.log(`the conversation is in ${String(roomId)}`);
