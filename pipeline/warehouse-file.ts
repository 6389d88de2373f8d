// One holder of a warehouse file at a time: waits for another to leave, and tells a file that is held
// from one that is damaged. Knows no database driver.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf } from '../core/errors.ts';

const BUSY_POLL_MS = 200;
const DAMAGE =
  /not a valid DuckDB|not read enough|corrupt|checksum|version number|deserializ|INTERNAL Error/i;
// DuckDB's lock keeps other processes out but not this one, and two instances corrupt the file.
const openedHere = new Set<string>();

/** Opens the file, waiting for another holder. Throws ERR_WAREHOUSE_BUSY or ERR_SQL. */
export async function holdFile<Instance>(
  path: string,
  busyWaitMs: number,
  open: (path: string) => Promise<Instance>,
): Promise<Instance> {
  const deadline = performance.now() + busyWaitMs;
  for (;;) {
    const tried = await tryFile(path, open);
    if ('instance' in tried) return tried.instance;
    if (performance.now() >= deadline) {
      throw new AppError('ERR_WAREHOUSE_BUSY', `somebody else holds the warehouse ${path}`, {
        cause: tried.heldBecause,
        fix: 'wait for the other run to end and try again',
      });
    }
    await sleep(BUSY_POLL_MS);
  }
}

/** Lets others have the file, once its database is closed. */
export function letGoOfFile(path: string): void {
  openedHere.delete(path);
}

async function tryFile<Instance>(
  path: string,
  open: (path: string) => Promise<Instance>,
): Promise<{ instance: Instance } | { heldBecause: unknown }> {
  if (openedHere.has(path)) return { heldBecause: new Error('this process has it open') };
  openedHere.add(path);
  try {
    return { instance: await open(path) };
  } catch (cause) {
    openedHere.delete(path);
    // Nothing looser: a message on a damaged file speaks of a "block".
    if (/could not set lock on file/i.test(messageOf(cause))) return { heldBecause: cause };
    throw new AppError('ERR_SQL', `the warehouse ${path} does not open: ${messageOf(cause)}`, {
      cause,
      details: { isDamaged: isDamage(cause) },
      fix: 'delete the file; it is rebuilt from Postgres on the next run',
    });
  }
}

/** True for an error that the file itself is the cause of, and not its folder or its disk. */
export function isDamage(error: unknown): boolean {
  if (error instanceof AppError && error.details.isDamaged !== undefined)
    return error.details.isDamaged === true;
  return DAMAGE.test(messageOf(error));
}
