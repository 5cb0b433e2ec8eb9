// Real IRC servers from Debian, each as a process of its own with its files in a temporary folder. Where a server is not installed
// the caller is told so, prints it, and has nothing to test.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A server that runs. */
export interface RealServer {
  port: number;
  /** Stops it as a frozen machine would, and lets it go on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** Starts InspIRCd 3; null when it is not installed. `strict` makes it kill whoever sends faster than its default allows. */
export async function startInspircd(strict = false): Promise<RealServer | null> {
  const flood = strict ? 'commandrate="1000" threshold="10"' : 'commandrate="10000" threshold="1000"';
  const modules = [
    'cap',
    'ircv3',
    'ircv3_accounttag',
    'ircv3_batch',
    'ircv3_capnotify',
    'ircv3_chghost',
    'ircv3_ctctags',
    'ircv3_echomessage',
    'ircv3_invitenotify',
    'ircv3_labeledresponse',
    'ircv3_msgid',
    'ircv3_servertime',
    'namesx',
    'uhnames',
  ];
  return await start('/usr/sbin/inspircd', (folder, port) => ({
    config: `
<config format="xml">
<server name="irc.test.local" description="test" network="TestNet" id="001">
<admin name="a" nick="a" email="a@test.local">
<bind address="127.0.0.1" port="${port}" type="clients">
<connect name="main" allow="*" timeout="30" pingfreq="120" hardsendq="1M" softsendq="64K" recvq="64K" localmax="100" globalmax="100" fakelag="no" ${flood} modes="" maxchans="200">
<options prefixquit="" customversion="" hideulines="no" syntaxhints="no" casemapping="rfc1459" moronbanner="no">
<security maxtargets="5" runasuser="" runasgroup="">
<performance clonesonconnect="no">
<limits maxnick="30" maxchan="64" maxtopic="307">
<pid file="${folder}/inspircd.pid">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="${folder}/inspircd.log">
${modules.map((name) => `<module name="${name}">`).join('\n')}
`,
    args: ['--nofork', '--nolog', '--runasroot', `--config=${folder}/server.conf`],
  }));
}

/** Starts ngIRCd; null when it is not installed. */
export async function startNgircd(): Promise<RealServer | null> {
  return await start('/usr/sbin/ngircd', (folder, port) => ({
    config: `
[Global]
Name = irc.test.local
Info = test
Listen = 127.0.0.1
Ports = ${port}
PidFile = ${folder}/ngircd.pid
ServerUID = ${process.getuid?.() ?? 0}
ServerGID = ${process.getgid?.() ?? 0}
MotdPhrase = hello
[Limits]
MaxPenaltyTime = 0
MaxConnectionsIP = 0
MaxJoins = 200
[Options]
DNS = no
Ident = no
PAM = no
`,
    args: ['--nodaemon', '--config', `${folder}/server.conf`],
  }));
}

async function start(
  binary: string,
  make: (folder: string, port: number) => { config: string; args: string[] },
): Promise<RealServer | null> {
  if (!existsSync(binary)) return null;
  const folder = mkdtempSync(path.join(tmpdir(), 'pons-ircd-'));
  const port = await freePort();
  const { config, args } = make(folder, port);
  writeFileSync(path.join(folder, 'server.conf'), config);
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await answers(child, port, () => output);
  return {
    port,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(force);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server accepts connections. */
async function answers(child: ChildProcess, port: number, output: () => string): Promise<void> {
  const until = Date.now() + 15_000;
  for (;;) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (accepted) return;
    if (child.exitCode !== null || Date.now() > until) throw new Error(`the server does not start: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
