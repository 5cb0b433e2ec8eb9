// The headers that let a browser client on any origin talk to us, on every response, and the answer to its preflight question.
// https://spec.matrix.org/v1.19/client-server-api/#web-browser-clients

/** Sent with every response, in the flat form that writeHead takes. */
export const corsHeaders: readonly string[] = [
  'access-control-allow-origin',
  '*',
  'access-control-allow-methods',
  'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS',
  'access-control-allow-headers',
  'X-Requested-With, Content-Type, Authorization',
  // Without it a browser client cannot read when to come back after a 429.
  'access-control-expose-headers',
  'Retry-After, ETag',
];

/** How long a browser may remember the answer to a preflight request, in seconds. Chromium keeps none longer than 2 hours. */
export const preflightHeaders: readonly string[] = [
  ...corsHeaders,
  'access-control-max-age',
  '7200',
  'content-length',
  '0',
];
