// How full the disk is, and what must stop before it is full: Postgres on a full disk does not start
// again, so reports and backups stop first, and what is stored only shortly before the end.
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from './errors.ts';

export interface DiskSpace {
  freeBytes: number;
  totalBytes: number;
}

/** low: nothing is made that can wait. critical: nothing is stored either. */
export type DiskState = 'ok' | 'low' | 'critical';

export interface DiskGuardOptions {
  /** Any folder of the disk; it need not be there yet. */
  folder: string;
  /** Unset: a gibibyte, or a twentieth of a smaller disk. */
  lowBytes?: number | undefined;
  /** Unset: a quarter of the low mark. */
  criticalBytes?: number | undefined;
  readSpace?: (folder: string) => DiskSpace;
  /** The disk is asked once in so long. */
  askEveryMs?: number;
}

export interface DiskGuard {
  state(): DiskState;
  /** "0.4 GiB of 20.0 GiB free" */
  describe(): string;
  /** Throws ERR_DISK_LOW unless there is room for what can wait. */
  requireSpace(): void;
  /** Throws ERR_DISK_LOW when there is no room left to store anything. */
  requireRoomToStore(): void;
}

const GIBIBYTE = 2 ** 30;
const LOW_SHARE = 0.05;
const CRITICAL_SHARE_OF_LOW = 0.25;
/** What stopped goes on above the mark that stopped it, not at it: no to and fro. */
const RESUME_FACTOR = 1.25;
const ASK_EVERY_MS = 1_000;

/** Makes the guard of a disk. */
export function createDiskGuard(options: DiskGuardOptions): DiskGuard {
  const { folder, readSpace = readDiskSpace, askEveryMs = ASK_EVERY_MS } = options;
  let space = readSpace(folder);
  let state = judge('ok', space, options);
  let askedAt = performance.now();
  const ask = () => {
    if (performance.now() - askedAt >= askEveryMs) {
      space = readSpace(folder);
      state = judge(state, space, options);
      askedAt = performance.now();
    }
    return state;
  };
  const describe = () => `${gibibytes(space.freeBytes)} of ${gibibytes(space.totalBytes)} free`;
  const refuse = (what: string) =>
    new AppError('ERR_DISK_LOW', `${what}: the disk of ${folder} has ${describe()}`, {
      fix: `free ${gibibytes(marksOf(space, options).low * RESUME_FACTOR)} and more; it goes on by itself`,
    });
  return {
    state: ask,
    describe,
    requireSpace: () => {
      if (ask() !== 'ok') throw refuse('nothing is made that can wait');
    },
    requireRoomToStore: () => {
      if (ask() === 'critical') throw refuse('nothing is stored');
    },
  };
}

/** The space of the disk that a folder is on, or would be. */
export function readDiskSpace(folder: string): DiskSpace {
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  const { bsize, bavail, blocks } = statfsSync(nearest);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Pure: where the disk stands, given where it stood. */
function judge(before: DiskState, space: DiskSpace, options: DiskGuardOptions): DiskState {
  const { low, critical } = marksOf(space, options);
  const { freeBytes } = space;
  const isBelow = (mark: number, isStopped: boolean) =>
    freeBytes < mark * (isStopped ? RESUME_FACTOR : 1);
  if (isBelow(critical, before === 'critical')) return 'critical';
  return isBelow(low, before !== 'ok') ? 'low' : 'ok';
}

function marksOf({ totalBytes }: DiskSpace, options: DiskGuardOptions) {
  const low = options.lowBytes ?? Math.min(GIBIBYTE, totalBytes * LOW_SHARE);
  return { low, critical: options.criticalBytes ?? low * CRITICAL_SHARE_OF_LOW };
}

function gibibytes(bytes: number): string {
  const size = bytes / GIBIBYTE;
  return size >= 0.1 ? `${size.toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
