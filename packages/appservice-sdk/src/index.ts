// The door of @pons/appservice-sdk. A whole application service that answers what it hears:
//
//   const appservice = new AppService({ registration: 'registration.yaml', homeserverUrl, domain, store: 'echo.sqlite' });
//   appservice.on('type:m.room.member', async (event: MatrixEvent) => {
//     const invited = event.content['membership'] === 'invite' && event.state_key === appservice.bot.userId;
//     if (invited) await appservice.bot.ensureJoined(event.room_id);
//   });
//   appservice.on('type:m.room.message', async (event: MatrixEvent) => {
//     if (appservice.isOurs(event.sender)) return;
//     await appservice.bot.sendText(event.room_id, String(event.content['body']), { key: event.event_id });
//   });
//   await appservice.listen(9000, '127.0.0.1');
//
// A transaction is durable before it is acknowledged; an async listener is waited for and called again after a crash; the key makes the
// answer one event however often that happens. examples/echo-bot is this program, and runs.

export { AppService } from './appservice.ts';
export type { AppServiceOptions } from './appservice.ts';
export { type Call, type CallRequest, createCall, systemClock } from './client/call.ts';
export { CallError, isRefusal, isTransient } from './client/call-error.ts';
export type { Clock } from './client/clock.ts';
export { type PathParameters, type RequestOptions, requestTo } from './client/request.ts';
export { Intent } from './intent/intent.ts';
export type { SendOptions } from './intent/intent.ts';
export { type Log, logToStderr } from './log.ts';
export { OperatorError } from './operator-error.ts';
export type { ThirdPartyFields, ThirdPartyLocation, ThirdPartyLookups, ThirdPartyUser } from './receive/third-party.ts';
export type { MatrixEvent } from './receive/transaction.ts';
export { readRegistration } from './registration/load.ts';
export { openStore } from './store/sqlite-store.ts';
export type { Store } from './store/store.ts';
