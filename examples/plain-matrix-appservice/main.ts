// A program for npm's matrix-appservice 3.0.0 and nothing else: it works against any homeserver, and unchanged with the SDK's AppService.
// node main.ts [http://127.0.0.1:8008 [localhost [port]]]; AS_TOKEN and HS_TOKEN as in its registration.yaml

import { AppService } from 'matrix-appservice';

const [homeserverUrl = 'http://127.0.0.1:8008', domain = 'localhost', port = '9002'] = process.argv.slice(2);
const asToken = process.env['AS_TOKEN'] ?? 'placeholder-as-token-of-plain';
const bot = `@plain:${domain}`;
const appservice = new AppService({ homeserverToken: process.env['HS_TOKEN'] ?? 'placeholder-hs-token-of-plain' });

async function call(method: string, path: string, body: object, expected = ''): Promise<void> {
  const headers = { authorization: `Bearer ${asToken}`, 'content-type': 'application/json' };
  const response = await fetch(`${homeserverUrl}/_matrix/client/v3${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  });
  if (response.ok) return;
  const text = await response.text();
  if (expected === '' || !text.includes(expected)) console.log(`${method} ${path}: ${response.status} ${text}`);
}

// A server may have made the sender's account already: then there is nothing to do.
const account = { type: 'm.login.application_service', username: 'plain', inhibit_login: true };
await call('POST', '/register', account, 'M_USER_IN_USE');

appservice.on('type:m.room.member', (event) => {
  const invited = (event['content'] as { membership?: string }).membership === 'invite' && event['state_key'] === bot;
  if (invited) void call('POST', `/rooms/${encodeURIComponent(String(event['room_id']))}/join`, {});
});

appservice.on('type:m.room.message', (event) => {
  const { body, msgtype } = event['content'] as { body?: string; msgtype?: string };
  if (event['sender'] === bot || msgtype !== 'm.text') return;
  const room = encodeURIComponent(String(event['room_id']));
  const txnId = encodeURIComponent(String(event['event_id']));
  void call('PUT', `/rooms/${room}/send/m.room.message/${txnId}`, { msgtype: 'm.notice', body: `heard: ${body}` });
});

await appservice.listen(Number(port), '127.0.0.1', 10);
console.log(`plain-matrix-appservice listens on port ${port}`);
