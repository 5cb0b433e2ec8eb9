// Failpoints in this process; the tests that kill a whole one arm them by the variable.
import { afterEach, expect, it } from 'vitest';
import { armFailpoints, failpoint, FailpointError } from './failpoint.ts';

afterEach(() => armFailpoints(undefined));

it('a failpoint that is not armed does nothing', () => {
  expect(failpoint('anything')).toBeUndefined();
  armFailpoints('other=throw');
  expect(failpoint('anything')).toBeUndefined();
});

it('a failpoint armed with @n acts the n-th time only', () => {
  armFailpoints('here=throw@2');
  expect(failpoint('here')).toBeUndefined();
  expect(() => failpoint('here')).toThrow(FailpointError);
  expect(failpoint('here')).toBeUndefined();
});

it('an unknown action is named', () => {
  expect(() => armFailpoints('here=explode')).toThrow("no action 'explode'");
});
