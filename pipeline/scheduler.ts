// The alarm clock, and the only importer of node-cron. It wakes the worker every 15 seconds in UTC and
// decides nothing: a missed or doubled tick changes nothing, because the ledger does.
import cron from 'node-cron';
import { isAppError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export interface AlarmClock {
  /** Stops ringing, tells the tick under way to stop and resolves when it has. */
  stop(): Promise<void>;
}

const EVERY_15_SECONDS = '*/15 * * * * *';

/**
 * Rings at once and then every 15 seconds; a tick that takes longer swallows the rings it covers.
 */
export function startAlarmClock(
  onTick: (stop: AbortSignal) => Promise<void>,
  log: Log,
): AlarmClock {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const ring = () => {
    running ??= onTick(stopping.signal)
      .catch((error: unknown) => {
        const level = isAppError(error, 'ERR_STOPPED', 'ERR_WAREHOUSE_BUSY') ? 'warn' : 'error';
        log[level]('tick.failed', { message: messageOf(error) });
      })
      .finally(() => {
        running = undefined;
      });
  };
  const task = cron.schedule(EVERY_15_SECONDS, ring, { timezone: 'Etc/UTC' });
  ring();
  return {
    stop: async () => {
      stopping.abort();
      await task.stop();
      await running;
    },
  };
}
