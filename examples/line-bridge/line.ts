// A whole bridge for a line protocol: everybody connected to one TCP port says `nick: text`, a line each, and hears the others.

import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { defineNetwork, plain, text } from '@pons/appservice-sdk/bridge';

export const line = defineNetwork({
  id: 'line',
  name: 'LineChat',
  login: {
    host: {
      title: 'A host',
      async run(ui) {
        const cred = await ui.form({ host: { label: 'host:port' }, nick: { label: 'Nick' } });
        return { id: `${cred.nick}@${cred.host}`, self: cred.nick, name: cred.nick, cred };
      },
    },
  },
  async connect(login) {
    const [host, port] = login.cred.host.split(':');
    const socket = connect(Number(port), host!).on('error', (error) =>
      login.log.warn('the line broke', { error: error.message }),
    );
    socket.on('connect', () => login.status('connected')).on('close', () => login.status('unstable'));
    login.signal.addEventListener('abort', () => socket.destroy());
    // The reader passes the socket's errors on as its own: they have been told above.
    const lines = createInterface(socket).on('error', () => {});
    lines.on('line', (said) => {
      const [, from, body] = /^(\S+): (.*)$/.exec(said) ?? [];
      if (from !== undefined && body !== undefined) {
        void login.emit({ t: 'message', chat: login.cred.host, id: crypto.randomUUID(), from, message: text(body) });
      }
    });
    return { socket, nick: login.cred.nick };
  },
  to: {
    async message({ socket, nick }, { message }, send) {
      if (!socket.writable) send.fail('try-again', 'the line is down');
      socket.write(`${nick}: ${plain(message)}\n`);
      return { id: send.key };
    },
  },
  limits: { text: { max: 400, unit: 'bytes', lines: 1, over: 'split' } },
});
