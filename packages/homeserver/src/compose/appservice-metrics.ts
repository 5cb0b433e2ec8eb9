// Each application service in numbers for Prometheus, read from its delivery when somebody asks. Those that another process sends for
// are that process's to show.

import { Gauge, type Registry } from 'prom-client';
import type { DeliveryStatus } from '../appservice-delivery/delivery-state.ts';

/** What is shown, by the last part of its name. */
const figures: Readonly<Record<string, readonly [help: string, value: (status: DeliveryStatus) => number]>> = {
  waiting_events: ['Events read and not yet sent.', (status) => status.waitingEvents],
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
