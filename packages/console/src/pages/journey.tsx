// Enter a room and an event: why it was or was not sent to each application service, and its journey as a picture.
import { useEffect, useState } from 'preact/hooks';
import { field } from '../parts/field.ts';
import { type Journey, JourneyPicture } from '../parts/journey-picture.tsx';
import { useLive } from '../parts/live.ts';
import { Problem } from '../parts/problem.tsx';
import { journeyAddress } from '../router.ts';

interface JourneyPageProps {
  readonly roomId: string;
  readonly eventId: string;
}

export function JourneyPage({ roomId, eventId }: JourneyPageProps) {
  const [room, setRoom] = useState(roomId);
  const [event, setEvent] = useState(eventId);
  // A link to another event while this page is open.
  useEffect(() => {
    setRoom(roomId);
    setEvent(eventId);
  }, [roomId, eventId]);
  const submit = (submitted: SubmitEvent) => {
    submitted.preventDefault();
    const form = new FormData(submitted.currentTarget as HTMLFormElement);
    location.hash = journeyAddress(field(form, 'room').trim(), field(form, 'event').trim());
  };
  return (
    <section>
      <h1>A message’s journey</h1>
      <form class="row" onSubmit={submit}>
        <label>
          Room id
          <input
            name="room"
            value={room}
            onInput={(input) => setRoom(input.currentTarget.value)}
            placeholder="!room:example.org"
            required
          />
        </label>
        <label>
          Event id
          <input
            name="event"
            value={event}
            onInput={(input) => setEvent(input.currentTarget.value)}
            placeholder="$event"
            required
          />
        </label>
        <button type="submit">Show</button>
      </form>
      {roomId === '' || eventId === '' ? (
        <p class="dim">
          Shows when an event was made, committed, frozen into a transaction, sent and acknowledged, and why it was or
          was not sent to each application service. The ids are in a client’s “view source”, or in the transactions on
          an application service’s page.
        </p>
      ) : (
        <Found key={`${roomId} ${eventId}`} roomId={roomId} eventId={eventId} />
      )}
    </section>
  );
}

/** The address of the question. */
export const journeyPath = (roomId: string, eventId: string): string =>
  `/_pons/admin/v1/journey?${new URLSearchParams({ room_id: roomId, event_id: eventId }).toString()}`;

function Found({ roomId, eventId }: JourneyPageProps) {
  const { value, error } = useLive<Journey>(journeyPath(roomId, eventId));
  return (
    <>
      <Problem text={error} />
      {value === undefined && error === undefined && <p class="dim">Asking …</p>}
      {value !== undefined && (
        <>
          <p class="address">
            <strong>{value.type}</strong> by {value.sender}
            {value.trace !== null && <span class="dim"> · trace {value.trace.split('-')[1]}</span>}
          </p>
          <JourneyPicture journey={value} />
          <p class="dim">
            Times of transactions are those that this process remembers: the last 50 of each application service since
            it started.
          </p>
        </>
      )}
    </>
  );
}
