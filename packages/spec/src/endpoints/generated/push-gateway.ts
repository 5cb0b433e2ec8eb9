// Made by scripts/generate-endpoints from data/api/push-gateway of the Matrix specification v1.19. Not edited by hand.
import { notify } from './push-gateway/push_notifier.ts';

/** The push-gateway API, by operation. */
export const pushGatewayEndpoints = {
  notify,
} as const;
