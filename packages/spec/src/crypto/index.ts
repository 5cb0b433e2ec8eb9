// The door of @pons/spec/crypto: hashes, signatures and event IDs. Needs node:crypto, so it stays out of the browser.

export * from './base64.ts';
export * from './content-hash.ts';
export * from './finish-pdu.ts';
export * from './macaroon.ts';
export * from './reference-hash.ts';
export * from './required-signers.ts';
export * from './sign-json.ts';
export * from './signing-key.ts';
export * from './verify-json.ts';
