// telemetry: log, metrics, traces.

import { choice, defaultsOf, flag, orNull, path, section, text } from '../field.ts';

const log = {
  level: choice(['debug', 'info', 'warn', 'error', 'silent'], { about: 'How much is logged.', fallback: () => 'info' }),
  file: orNull(path({ about: '' }), {
    about: 'File for the log (JSON lines) instead of standard error.',
    fallback: () => null,
    example: './pons.log',
  }),
};

const shape = {
  log: section(log, { about: 'JSON lines; a terminal gets a form for people.', fallback: () => defaultsOf(log) }),
  metrics: flag({ about: 'Prometheus metrics at /metrics of listeners that serve them.', fallback: () => true }),
  otlp_endpoint: orNull(text({ about: '' }, { is: /^https?:\/\/\S+$/, takes: 'a URL such as http://127.0.0.1:4318' }), {
    about: 'Sends traces to this OTLP collector.',
    fallback: () => null,
    example: 'http://127.0.0.1:4318',
  }),
};

/** The key `telemetry`. */
export const telemetryField = section(shape, { about: 'Log, metrics, traces.', fallback: () => defaultsOf(shape) });
