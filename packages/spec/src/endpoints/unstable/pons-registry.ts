// Endpoints of ours by which application services come, change and go while the server runs, and by which people let them act for them.

import type { Endpoint, JsonSchema } from '../endpoint.ts';

const docs = 'https://spec.matrix.org/v1.19/application-service-api/#registration';

const admin = { api: 'admin', auth: 'admin', rateLimit: 'none', link: docs } as const;
const client = { api: 'client-server', auth: 'accessToken', rateLimit: 'default', link: docs } as const;

const appservices = '/_pons/admin/v1/appservices';
const appservice = `${appservices}/{appserviceId}` as const;
const consent = '/_pons/client/v1/appservice/consent';

const strings = { type: 'array', items: { type: 'string' } } as const;
const narrowing = {
  type: 'object',
  properties: {
    ghosts: strings,
    rooms: strings,
    kinds: strings,
    until_ts: { type: 'integer' },
    lifetime_ms: { type: 'integer' },
  },
} as const satisfies JsonSchema;

/** Ours, by operation. */
export const registryEndpoints = {
  addAppservice: {
    ...admin,
    operation: 'addAppservice',
    method: 'POST',
    path: appservices,
    body: 'json',
    request: {
      type: 'object',
      properties: {
        registration: { type: ['string', 'object'] },
        dry_run: { type: 'boolean' },
        replace: { type: 'boolean' },
      },
      required: ['registration'],
    },
  },
  removeAppservice: {
    ...admin,
    operation: 'removeAppservice',
    method: 'DELETE',
    path: appservice,
    body: 'none',
  },
  rotateAppservice: {
    ...admin,
    operation: 'rotateAppservice',
    method: 'POST',
    path: `${appservice}/rotate`,
    body: 'json',
    request: { type: 'object', properties: { overlap_ms: { type: 'integer' } } },
  },
  endAppserviceOverlap: {
    ...admin,
    operation: 'endAppserviceOverlap',
    method: 'POST',
    path: `${appservice}/end_overlap`,
    body: 'json',
  },
  narrowAppserviceToken: {
    ...admin,
    operation: 'narrowAppserviceToken',
    method: 'POST',
    path: `${appservice}/token`,
    body: 'json',
    request: narrowing,
  },
  listGhosts: {
    ...admin,
    operation: 'listGhosts',
    method: 'GET',
    path: `${appservice}/ghosts`,
    body: 'none',
    query: [
      { name: 'pattern', type: 'string' },
      { name: 'from', type: 'string' },
      { name: 'limit', type: 'integer' },
    ],
  },
  cleanUpAppservice: {
    ...admin,
    operation: 'cleanUpAppservice',
    method: 'POST',
    path: `${appservice}/clean_up`,
    body: 'json',
    request: {
      type: 'object',
      properties: {
        action: { type: 'string', enum: ['deactivate', 'purge', 'leave', 'aliases'] },
        pattern: { type: 'string' },
        from: { type: 'string' },
        limit: { type: 'integer' },
      },
      required: ['action'],
    },
  },
  explainEvent: {
    ...admin,
    operation: 'explainEvent',
    method: 'GET',
    path: `${appservice}/explain`,
    body: 'none',
    query: [
      { name: 'room', type: 'string', required: true },
      { name: 'event', type: 'string', required: true },
    ],
  },
  replayEvents: {
    ...admin,
    operation: 'replayEvents',
    method: 'POST',
    path: `${appservice}/replay`,
    body: 'json',
    request: { type: 'object', properties: { after_position: { type: 'integer' }, since_ts: { type: 'integer' } } },
  },
  listUsers: {
    ...admin,
    operation: 'listUsers',
    method: 'GET',
    path: '/_pons/admin/v1/users',
    body: 'none',
    query: [
      { name: 'ghosts', type: 'boolean' },
      { name: 'from', type: 'string' },
      { name: 'limit', type: 'integer' },
    ],
  },
  narrowToken: {
    ...client,
    auth: 'asToken',
    operation: 'narrowToken',
    method: 'POST',
    path: '/_pons/client/v1/appservice/token',
    body: 'json',
    request: narrowing,
  },
  listConsents: { ...client, operation: 'listConsents', method: 'GET', path: consent, body: 'none' },
  grantConsent: {
    ...client,
    operation: 'grantConsent',
    method: 'PUT',
    path: `${consent}/{appserviceId}`,
    body: 'json',
  },
  revokeConsent: {
    ...client,
    operation: 'revokeConsent',
    method: 'DELETE',
    path: `${consent}/{appserviceId}`,
    body: 'none',
  },
} as const satisfies Record<string, Endpoint>;
