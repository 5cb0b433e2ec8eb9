// Named places where a test may kill, stop or break the process, so that what happens in between can be tried on purpose:
//   PONS_FAILPOINTS="door.beforeStatement=kill@3,wake.beforeNotify=throw,send.beforeCommit=delay:50"
// `@n`: only the n-th time. Without the variable a failpoint is one comparison.

type Action = (name: string) => Promise<void> | undefined;
interface Armed {
  readonly act: Action;
  /** undefined: every time. */
  readonly onlyAt: number | undefined;
  passed: number;
}

/** What a failpoint set to `throw` throws. */
export class FailpointError extends Error {
  constructor(name: string) {
    super(`failpoint ${name}`);
    this.name = 'FailpointError';
  }
}

function action(text: string): Action {
  const [verb, argument] = text.split(':');
  switch (verb) {
    case 'kill':
      return () => {
        process.kill(process.pid, 'SIGKILL');
        return new Promise(() => {}); // the signal may arrive a moment later: go no further
      };
    case 'throw':
      return (name) => {
        throw new FailpointError(name);
      };
    case 'delay':
      return () => new Promise((resolve) => setTimeout(resolve, Number(argument)));
    case 'hang':
      return () => new Promise(() => {});
    default:
      throw new Error(`PONS_FAILPOINTS: no action '${text}': kill, throw, delay:MS or hang`);
  }
}

function parse(text: string | undefined): Map<string, Armed> | undefined {
  if (text === undefined || text === '') return undefined;
  const armed = new Map<string, Armed>();
  for (const part of text.split(',')) {
    const [name = '', rest = ''] = part.trim().split('=');
    const [verb = '', at] = rest.split('@');
    armed.set(name, { act: action(verb), onlyAt: at === undefined ? undefined : Number(at), passed: 0 });
  }
  return armed;
}

let points = parse(process.env['PONS_FAILPOINTS']);

/** Arms failpoints in this process, in the form of the variable; `undefined` disarms all. For tests. */
export function armFailpoints(text: string | undefined): void {
  points = parse(text);
}

/**
 * A place where a test may interfere. Await it.
 *
 * @throws FailpointError when it is armed with `throw`
 */
export function failpoint(name: string): Promise<void> | undefined {
  if (points === undefined) return undefined;
  const point = points.get(name);
  if (point === undefined) return undefined;
  point.passed += 1;
  return point.onlyAt === undefined || point.onlyAt === point.passed ? point.act(name) : undefined;
}
