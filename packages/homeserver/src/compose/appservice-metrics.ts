// Each application service in numbers for Prometheus, read from its delivery when somebody asks. Those that another process sends for
// are that process's to show.

import { Gauge, type Registry } from 'prom-client';
import type { DeliveryStatus } from '../appservice-delivery/delivery-state.ts';

/** What is shown, by the last part of its name. */
const figures: Readonly<Record<string, readonly [help: string, value: (status: DeliveryStatus) => number]>> = {
  waiting_events: [
    'Events and the like read and not acknowledged: at most some hundred, the rest stays unread.',
    (status) => status.waitingEvents,
  ],
  waiting_bytes: ['Bytes of those and of the transaction on its way.', (status) => status.waitingBytes],
  unread_positions: [
    'Places of the stream not looked at yet, of interest or not: 0 when it keeps up.',
    (status) => status.unreadPositions,
  ],
  oldest_unacknowledged_seconds: [
    'Age of the oldest event that is not acknowledged.',
    (status) => (status.oldestUnacknowledgedMs ?? 0) / 1000,
  ],
  in_flight: ['Transactions on their way: 0 or 1.', (status) => (status.inFlight === undefined ? 0 : 1)],
  retries: ['Failed attempts for the transaction on its way.', (status) => status.retries],
  acknowledged_position: [
    'Stream position up to which everything is acknowledged.',
    (status) => status.acknowledgedPosition,
  ],
  delivered_events: ['Events acknowledged since the start.', (status) => status.deliveredEvents],
  delivered_transactions: ['Transactions acknowledged since the start.', (status) => status.deliveredTransactions],
  delivered_bytes: ['Bytes of those transactions.', (status) => status.deliveredBytes],
  last_error_timestamp_seconds: [
    'When an attempt failed last, in seconds since 1970; 0: never since the start.',
    (status) => (status.lastError?.ts ?? 0) / 1000,
  ],
  disconnected: [
    'Whether it connects by itself and is not connected: 0 or 1; what is of interest waits.',
    (status) => (status.state === 'disconnected' ? 1 : 0),
  ],
  paused: ['Whether an operator has paused it: 0 or 1.', (status) => (status.state === 'paused' ? 1 : 0)],
  set_aside: [
    'Events that it refused for good; `pons appservice replay` sends them again.',
    (status) => status.setAside,
  ],
};

/** Registers them. */
export function observeAppservices(
  registry: Registry,
  statuses: () => Iterable<readonly [appserviceId: string, status: DeliveryStatus]>,
): void {
  for (const [name, [help, value]] of Object.entries(figures)) {
    new Gauge({
      name: `pons_appservice_${name}`,
      help,
      labelNames: ['appservice'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [appservice, status] of statuses()) this.set({ appservice }, value(status));
      },
    });
  }
}
