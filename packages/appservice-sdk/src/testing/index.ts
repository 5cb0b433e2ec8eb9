// The third door, `@pons/appservice-sdk/testing`: for tests of application services and bridges without a homeserver.

export { type FakeClock, fakeClock } from './clock.ts';
export { type RecordedEvent, type RecordingHomeserver, recordingHomeserver } from './recording-homeserver.ts';
export { testRegistration } from './test-registration.ts';
