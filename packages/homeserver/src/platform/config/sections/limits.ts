// rate_limits: how often one user (without a token: one address) may call, by class of endpoint. limits: how much there may be at all.

import { custom, defaultsOf, integer, orNull, positive, type Reading, section, text } from '../field.ts';

/** One class: how many per second in the long run, and how many at once. */
export interface RateLimitSection {
  readonly perSecond: number;
  readonly burst: number;
}

const defaults = {
  default: { perSecond: 20, burst: 100 },
  message: { perSecond: 5, burst: 50 },
  join: { perSecond: 1, burst: 20 },
  login: { perSecond: 0.2, burst: 10 },
  registration: { perSecond: 0.1, burst: 10 },
  media: { perSecond: 2, burst: 30 },
} as const;

/** Limits by class; a class without one is not limited. */
export type RateLimitsSection = Readonly<Partial<Record<keyof typeof defaults, RateLimitSection>>>;

const takes = `default, off, or { ${Object.keys(defaults).join(', ')}: { per_second, burst } }`;

function read(value: unknown, at: string, reading: Reading): RateLimitsSection {
  if (value === 'default' || value === true) return defaults;
  // YAML reads a bare `off` as text, older parsers as false.
  if (value === 'off' || value === false) return {};
  const one = (name: keyof typeof defaults) =>
    section(
      {
        per_second: positive({ about: '', fallback: () => defaults[name].perSecond }),
        burst: integer(1, 1_000_000, { about: '', fallback: () => defaults[name].burst }),
      },
      { about: '', fallback: () => defaults[name] },
    );
  const shape = {
    default: one('default'),
    message: one('message'),
    join: one('join'),
    login: one('login'),
    registration: one('registration'),
    media: one('media'),
  };
  return section(shape, { about: '' }).read(value, at, reading);
}

/** The key `rate_limits`. */
export const rateLimitsField = custom<RateLimitsSection>(
  takes,
  {
    about: `How often one user may call: ${takes}. Application services with rate_limited: false are exempt.`,
    fallback: () => defaults,
    example: 'default',
  },
  read,
);

const monthlyActiveUsers = section(
  {
    max: integer(1, 1_000_000_000, { about: '' }),
    admin_contact: text(
      { about: '' },
      { is: /^[a-z][a-z0-9+.-]*:\S+$/, takes: 'a URI such as mailto:admin@example.org' },
    ),
  },
  { about: '' },
);

const limits = {
  monthly_active_users: orNull(monthlyActiveUsers, {
    about:
      'People who may use this server in 30 days: { max, admin_contact }. Administrators, application services and their users are not refused.',
    fallback: () => null,
    example: { max: 100, admin_contact: 'mailto:admin@example.org' },
  }),
};

/** The key `limits`. */
export const limitsField = section(limits, { about: 'How much there may be.', fallback: () => defaultsOf(limits) });
