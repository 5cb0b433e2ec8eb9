// Real IRC servers from the distribution's packages, as processes on loopback: InspIRCd (modern capabilities) and ngIRCd (few). A machine
// without them gets undefined, and the test says what was missing.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const upWithinMs = 15_000;

export interface IrcServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  stop(): Promise<void>;
}
export type IrcServerName = 'inspircd' | 'ngircd';

const binaries: Record<IrcServerName, string> = { inspircd: '/usr/sbin/inspircd', ngircd: '/usr/sbin/ngircd' };
const modules = [
  'account',
  'cap',
  'ircv3',
  'ircv3_accounttag',
  'ircv3_batch',
  'ircv3_capnotify',
  'ircv3_ctctags',
  'ircv3_echomessage',
  'ircv3_labeledresponse',
  'ircv3_msgid',
  'ircv3_servertime',
];

function inspircdConfig(dir: string, port: number): string {
  return [
    '<server name="irc.test" description="test" network="TestNet" id="001">',
    '<admin name="test" nick="test" email="test@localhost">',
    `<bind address="127.0.0.1" port="${port}" type="clients">`,
    '<connect allow="*" timeout="60" pingfreq="60" hardsendq="1M" softsendq="64K" recvq="64K" threshold="1000" commandrate="100000" fakelag="no" localmax="200" globalmax="200" resolvehostnames="no" useident="no">',
    `<pid file="${dir}/pid">`,
    '<log method="stderr" type="*" level="normal">',
    '<security hidewhois="" maxtargets="20">',
    '<performance netbuffersize="10240" somaxconn="128" softlimit="1024" quietbursts="yes">',
    ...modules.map((name) => `<module name="${name}">`),
    '',
  ].join('\n');
}
const ngircdConfig = (port: number) =>
  [
    '[Global]',
    'Name = irc.test',
    'Info = test',
    'Listen = 127.0.0.1',
    `Ports = ${port}`,
    'MotdPhrase = hello',
    '[Limits]',
    'MaxConnectionsIP = 0',
    'MaxNickLength = 30',
    'MaxPenaltyTime = 0',
    '[Options]',
    'Ident = no',
    'PAM = no',
    'DNS = no',
    '',
  ].join('\n');

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => socket.end(() => resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

/** Starts the server; undefined when it is not installed. */
export async function ircServer(name: IrcServerName): Promise<IrcServer | undefined> {
  const binary = binaries[name];
  if (!existsSync(binary)) return undefined;
  const dir = mkdtempSync(path.join(tmpdir(), `pons-${name}-`));
  const port = await freePort();
  const config = path.join(dir, `${name}.conf`);
  writeFileSync(config, name === 'inspircd' ? inspircdConfig(dir, port) : ngircdConfig(port));
  const args =
    name === 'inspircd' ? ['--nofork', '--runasroot', '--config', config] : ['--nodaemon', '--config', config];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const read = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000));
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const until = performance.now() + upWithinMs;
  while (!(await connects(port))) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`${name} did not come up\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host: '127.0.0.1',
    port,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
