// accounts: who may register, and what a password costs.

import { anything, choice, defaultsOf, flag, orNull, section, text } from '../field.ts';

const registration = {
  mode: choice(['closed', 'token', 'open'], {
    about: 'closed: nobody; token: with a registration token; open: everybody.',
    fallback: () => 'closed',
  }),
  guests: flag({ about: 'Guests may register.', fallback: () => false, later: true }),
  shared_secret: orNull(text({ about: '' }), {
    about: 'Enables POST /_synapse/admin/v1/register, with which tools make accounts.',
    fallback: () => null,
    example: 'a long random text',
  }),
  recaptcha: anything({
    about: 'Ask for a reCAPTCHA: verify_url, public_key, private_key.',
    fallback: () => undefined,
    example: { verify_url: 'https://…', public_key: '…', private_key: '…' },
    later: true,
  }),
  terms: anything({ about: 'Ask to accept policies.', fallback: () => undefined, example: {}, later: true }),
};

const shape = {
  registration: section(registration, { about: 'Who may register.', fallback: () => defaultsOf(registration) }),
  password_cost: choice(['default', 'low'], {
    about: 'low: argon2 at its minimum, for tests.',
    fallback: () => 'default',
  }),
};

/** The key `accounts`. */
export const accountsField = section(shape, { about: 'Accounts.', fallback: () => defaultsOf(shape) });
