// What the worker leaves undone while the disk is low, and the one alert that says so. It asks again at
// each wake and goes on by itself.
import type { DiskGuard, DiskState } from '../core/disk.ts';
import type { Log } from '../core/log.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';

/** Kinds of jobs that wait; their slots stay due. What frees space goes on. */
const HELD: Record<DiskState, readonly string[]> = {
  ok: [],
  low: ['report'],
  critical: ['report', 'refresh'],
};

export interface DiskWatchDeps {
  pool: Pool;
  disk: DiskGuard;
  now: () => Date;
  log: Log;
}

/** Returns which kinds of jobs wait now; tells of a change once, whatever the number of ticks. */
export function createDiskWatch({ pool, disk, now, log }: DiskWatchDeps) {
  let told: DiskState | undefined;
  return async (): Promise<readonly string[]> => {
    const state = disk.state();
    if (state === told) return HELD[state];
    const space = disk.describe();
    if (state === 'ok') {
      const note = `${space}: what waited goes on`;
      const ended = await query(pool, loadSql('postgres/queries/resolve_low_disk'), [now(), note]);
      if (ended.length > 0) log.info('disk.ok', { space });
    } else {
      const waits = state === 'low' ? 'reports wait' : 'reports and the warehouse wait';
      const message = `the disk is ${state}, ${space}: ${waits} until there is more`;
      await query(pool, loadSql('postgres/queries/insert_low_disk'), [message, now()]);
      log.error('disk.low', { state, space });
    }
    told = state;
    return HELD[state];
  };
}
