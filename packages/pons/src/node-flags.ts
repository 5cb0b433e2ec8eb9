// How Node is to run a homeserver. V8 takes these flags only on the command line, so a process that was started without them begins
// again with them: the same pid, 50 ms later. Left to itself V8 keeps what a server under load has thrown away: after the bench 378 MB
// were resident for 40 MB in use, 128 of them the young generation. With these it is 175 to 191 MB; a send costs the same within the noise.

const flags = [
  // MB of each half of the young generation; V8 would take 64. 16 cost 22 MB more, and a send not measurably less.
  '--max-semi-space-size=8',
  // By how much the old generation may grow until it is collected; V8 would let it become four times as large. With 30 a send costs 8 % more.
  '--heap-growing-percent=60',
];
// One arena of malloc: an arena for each thread of the pools keeps 15 MB that none of them needs.
const environment = { MALLOC_ARENA_MAX: '1' };
/** Commands that stay. */
const staying = ['serve', 'start'];

/**
 * Begins again if need be; returns when the process runs as it should. To be called before anything is loaded.
 *
 * @param compileCache folder of the compile cache: set from outside it holds main.ts too, and the compiler of types is not loaded (18 MB)
 */
export function beginWithFlags(compileCache: string | undefined): void {
  const [command = ''] = process.argv.slice(2);
  const asTheyShould = flags.every((flag) => process.execArgv.includes(flag));
  if (process.execve === undefined || asTheyShould || !staying.includes(command)) return;
  process.execve(process.execPath, [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    ...environment,
    ...(compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache }),
  });
}
