// The alarm clock, and the only importer of node-cron. It wakes the worker every minute in UTC and
// decides nothing: a missed or doubled tick changes nothing, because the ledger does.
import cron from 'node-cron';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export interface AlarmClock {
  /** Stops ringing and resolves when the tick under way is done. */
  stop(): Promise<void>;
}

const EVERY_MINUTE = '* * * * *';

/** Rings at once and then every minute; a tick that takes longer swallows the rings it covers. */
export function startAlarmClock(onTick: () => Promise<void>, log: Log): AlarmClock {
  let running: Promise<void> | undefined;
  const ring = () => {
    running ??= onTick()
      .catch((error: unknown) => log.error('tick.failed', { message: messageOf(error) }))
      .finally(() => {
        running = undefined;
      });
  };
  const task = cron.schedule(EVERY_MINUTE, ring, { timezone: 'Etc/UTC' });
  ring();
  return {
    stop: async () => {
      await task.stop();
      await running;
    },
  };
}
