// The alarm clock rings at once and every 15 seconds, one tick at a time, and outlives one that throws.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rememberingLog, silentLog } from '../core/test-support.ts';
import { startAlarmClock } from './scheduler.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2025-03-18T10:00:30Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const passMinutes = (count: number) => vi.advanceTimersByTimeAsync(count * 60_000);

test('it rings at once and then every 15 seconds', async () => {
  let ticks = 0;
  const clock = startAlarmClock(async () => {
    ticks += 1;
  }, silentLog());
  await vi.advanceTimersByTimeAsync(0);
  expect(ticks).toBe(1);
  await passMinutes(3);
  expect(ticks).toBe(13);
  await clock.stop();
  await passMinutes(5);
  expect(ticks).toBe(13);
});

test('a tick that takes long swallows the rings it covers', async () => {
  let ticks = 0;
  let finish: () => void = () => undefined;
  const clock = startAlarmClock(() => {
    ticks += 1;
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  }, silentLog());
  await passMinutes(5);
  expect(ticks).toBe(1);
  finish();
  await passMinutes(1);
  expect(ticks).toBe(2);
  finish();
  await clock.stop();
});

test('a tick that throws is logged and the next one comes', async () => {
  const { log, lines } = rememberingLog();
  let ticks = 0;
  const clock = startAlarmClock(async () => {
    ticks += 1;
    throw new Error('Postgres is away');
  }, log);
  await passMinutes(2);
  expect(ticks).toBe(9);
  expect(lines[0]).toMatchObject({
    level: 'error',
    event: 'tick.failed',
    message: 'Postgres is away',
  });
  await clock.stop();
});

test('to stop is to tell the tick under way and to wait for it', async () => {
  const order: string[] = [];
  let finish: () => void = () => undefined;
  const clock = startAlarmClock(async (stop) => {
    stop.addEventListener('abort', () => order.push('told'));
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    order.push('tick done');
  }, silentLog());
  const stopped = clock.stop().then(() => order.push('stopped'));
  await passMinutes(1);
  expect(order).toEqual(['told']);
  finish();
  await stopped;
  expect(order).toEqual(['told', 'tick done', 'stopped']);
});
