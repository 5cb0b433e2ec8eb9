// The two sides of the demo bridge next to each other: what is typed left (Matrix) appears right (IRC) and back, through the real
// bridge. Left is this tab's own Matrix client (/sync); right is one IRC client that the server runs for this page.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api.ts';
import { field } from '../parts/field.ts';
import { reason } from '../parts/reason.ts';
import { tryItAddress, tryItThere } from '../parts/try-it-there.ts';
import { session } from '../session.ts';

interface Line {
  readonly key: string;
  readonly from: string;
  readonly text: string;
  readonly emote: boolean;
  readonly mine: boolean;
}
/** What people call themselves, by user ID. */
type Names = Readonly<Record<string, string>>;
interface Hello {
  readonly t: 'hello';
  readonly nick: string;
  readonly channel: string;
  readonly room_alias: string;
}
type FromServer =
  | Hello
  | { readonly t: 'line'; readonly nick: string; readonly text: string }
  | { readonly t: 'error'; readonly error: string };
interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Record<string, { readonly state?: Events; readonly timeline: Events }>;
  };
}
interface Events {
  readonly events?: readonly MatrixEvent[];
}
interface MessageOrMember {
  readonly body?: string;
  readonly msgtype?: string;
  readonly membership?: string;
  readonly displayname?: string | null;
}
interface MatrixEvent {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly content: MessageOrMember;
  readonly unsigned?: { readonly prev_content?: MessageOrMember };
}

const keptLines = 200;

/** The IRC side: a WebSocket to the server's IRC client. */
function useIrc(add: (line: Line) => void) {
  const [hello, setHello] = useState<Hello>();
  const [error, setError] = useState<string>();
  const socket = useRef<WebSocket>(undefined);
  useEffect(() => {
    const ws = new WebSocket(tryItAddress());
    socket.current = ws;
    let count = 0;
    ws.onopen = () => ws.send(JSON.stringify({ t: 'auth', access_token: session.value?.token }));
    ws.onclose = () => setError((before) => before ?? 'The connection to the IRC side is closed. Reload the page.');
    ws.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as FromServer;
      if (message.t === 'hello') setHello(message);
      else if (message.t === 'error') setError(reason(message.error));
      else {
        // The server writes an IRC action (/me) as "* what it says".
        const emote = message.text.startsWith('* ');
        const text = emote ? message.text.slice(2) : message.text;
        add({ key: `irc${count++}`, from: message.nick, text, emote, mine: false });
      }
    };
    return () => ws.close();
  }, []);
  return { hello, error, say: (text: string) => socket.current?.send(JSON.stringify({ t: 'say', text })) };
}

/** The Matrix side: joins the room and follows it by /sync. */
function useMatrix(alias: string | undefined, add: (line: Line) => void) {
  const [roomId, setRoomId] = useState<string>();
  const [names, setNames] = useState<Names>({});
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (alias === undefined) return undefined;
    const stop = new AbortController();
    const options = { token: session.value?.token ?? '', signal: stop.signal };
    const follow = async () => {
      const { room_id: joined } = await call<{ room_id: string }>(
        'POST',
        `/_matrix/client/v3/join/${encodeURIComponent(alias)}`,
        { ...options, body: {} },
      );
      setRoomId(joined);
      const filter = encodeURIComponent(
        JSON.stringify({
          room: {
            rooms: [joined],
            timeline: { limit: 30, types: ['m.room.message', 'm.room.member'] },
            state: { types: ['m.room.member'], lazy_load_members: true },
          },
          presence: { types: [] },
        }),
      );
      let since = '';
      while (!stop.signal.aborted) {
        const answer = await call<SyncAnswer>(
          'GET',
          `/_matrix/client/v3/sync?filter=${filter}&timeout=25000${since}`,
          options,
        );
        since = `&since=${encodeURIComponent(answer.next_batch)}`;
        const room = answer.rooms?.join?.[joined];
        const events = [...(room?.state?.events ?? []), ...(room?.timeline.events ?? [])];
        setNames((before) => ({ ...before, ...namesIn(events) }));
        for (const line of room?.timeline.events?.map(lineOf) ?? []) if (line !== undefined) add(line);
      }
    };
    follow().catch((failure: unknown) => {
      if (!stop.signal.aborted) setError(reason(failure));
    });
    return () => stop.abort();
  }, [alias]);
  const send = async (text: string) => {
    if (roomId === undefined) return;
    const txn = crypto.randomUUID();
    await call('PUT', `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${txn}`, {
      token: session.value?.token ?? '',
      body: { msgtype: 'm.text', body: text },
    }).catch((failure: unknown) => setError(reason(failure)));
  };
  return { roomId, names, error, send };
}

function namesIn(events: readonly MatrixEvent[]): Names {
  const names: Record<string, string> = {};
  for (const { type, state_key: userId, content, unsigned } of events) {
    if (type === 'm.room.member' && userId !== undefined) {
      // Who has left keeps the name of before.
      const name = content.membership === 'join' ? content.displayname : unsigned?.prev_content?.displayname;
      if (typeof name === 'string') names[userId] = name;
    }
  }
  return names;
}

function lineOf({ event_id: key, type, sender, content }: MatrixEvent): Line | undefined {
  if (type !== 'm.room.message' || content.body === undefined) return undefined;
  const emote = content.msgtype === 'm.emote';
  return { key, from: sender, text: content.body, emote, mine: sender === session.value?.userId };
}

function useLines(): [readonly Line[], (line: Line) => void] {
  const [lines, setLines] = useState<readonly Line[]>([]);
  return [
    lines,
    (line) =>
      setLines((before) => (before.some(({ key }) => key === line.key) ? before : [...before, line].slice(-keptLines))),
  ];
}

export function TryIt() {
  return (
    <section>
      <h1>Try it</h1>
      {tryItThere.value === undefined && <p class="dim">Asking …</p>}
      {tryItThere.value === false && (
        <p>
          This page needs the quick start: <code>pons start</code>
        </p>
      )}
      {tryItThere.value === true && <BothSides />}
    </section>
  );
}

function BothSides() {
  const [ircLines, addIrc] = useLines();
  const [matrixLines, addMatrix] = useLines();
  const irc = useIrc(addIrc);
  const matrix = useMatrix(irc.hello?.room_alias, addMatrix);
  const sayIrc = (text: string) => {
    irc.say(text);
    addIrc({
      key: `own${ircLines.length}-${text}-${performance.now()}`,
      from: irc.hello?.nick ?? 'you',
      text,
      emote: false,
      mine: true,
    });
  };
  return (
    <>
      <p class="dim">Two real clients with the bridge between them. Type on one side and watch the other.</p>
      <div class="sides">
        <Side
          name="Matrix"
          where={irc.hello?.room_alias ?? ''}
          who={session.value?.userId ?? ''}
          lines={matrixLines}
          names={matrix.names}
          ready={matrix.roomId !== undefined}
          error={matrix.error}
          send={(text) => void matrix.send(text)}
        />
        <Side
          name="IRC"
          where={irc.hello?.channel ?? ''}
          who={irc.hello?.nick ?? ''}
          lines={ircLines}
          ready={irc.hello !== undefined}
          error={irc.error}
          send={sayIrc}
        />
      </div>
    </>
  );
}

interface SideProps {
  readonly name: string;
  readonly where: string;
  readonly who: string;
  readonly lines: readonly Line[];
  readonly names?: Names;
  readonly ready: boolean;
  readonly error: string | undefined;
  readonly send: (text: string) => void;
}

function Side({ name, where, who, lines, names = {}, ready, error, send }: SideProps) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [lines.length]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const text = field(new FormData(form), 'text').trim();
    if (text !== '') send(text);
    form.reset();
  };
  return (
    <div class="side" data-side={name}>
      <h2>
        {name} <span class="dim">{where}</span>
      </h2>
      <div class="lines" role="log">
        {lines.map((line) => (
          <p key={line.key} class={line.mine ? 'mine' : ''}>
            {line.emote && '* '}
            <b title={line.from}>{names[line.from] ?? line.from}</b> <span>{line.text}</span>
          </p>
        ))}
        <div ref={end} />
      </div>
      {error !== undefined && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      <form onSubmit={submit}>
        <input
          name="text"
          placeholder={ready ? `Say something as ${who}` : 'Connecting …'}
          aria-label={`${name} message`}
          autocomplete="off"
          disabled={!ready}
        />
        <button type="submit" disabled={!ready}>
          Send
        </button>
      </form>
    </div>
  );
}
