// Preloaded into a child process (`node --import`): all of its clocks and timers run so many times
// faster, `FAST_TIME="<factor> <start in ms>"`, so that a lease of a minute ends after a second. The
// program in it is the real one and knows nothing of that.
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import { fastClock } from './fast-clock.ts';

const [factor = 1, start = 0] = (process.env.FAST_TIME ?? '').split(' ').map(Number);
const now = fastClock(factor, start);
const shorten = (ms: number | undefined) => (ms ?? 0) / factor;

globalThis.Date = new Proxy(Date, {
  construct: (target, values, asked) =>
    Reflect.construct(target, values.length === 0 ? [now().getTime()] : values, asked),
  get: (target, name, receiver) =>
    name === 'now' ? () => now().getTime() : Reflect.get(target, name, receiver),
});

const readWatch = performance.now.bind(performance);
performance.now = () => readWatch() * factor;

// AbortSignal.timeout is made of the same timers, so it is shortened with them.
for (const name of ['setTimeout', 'setInterval'] as const) {
  const set = globalThis[name] as (...values: unknown[]) => NodeJS.Timeout;
  const fast = (work: unknown, ms?: number, ...values: unknown[]) =>
    set(work, shorten(ms), ...values);
  Object.defineProperties(fast, Object.getOwnPropertyDescriptors(set));
  Object.assign(globalThis, { [name]: fast });
  Object.assign(timers, { [name]: fast });
}
const wait = promises.setTimeout;
promises.setTimeout = (ms, value, options) => wait(shorten(ms), value, options);
syncBuiltinESMExports();
