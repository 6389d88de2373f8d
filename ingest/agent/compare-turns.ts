// When the books are compared with Twilio's list: at once and once more after a start, because nobody
// knows how long we were away, then every five minutes; each number by one of all processes.
import { isAppError, messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { isUnavailable } from '../../core/postgres.ts';
import type { ErrorLog } from './error-log.ts';
import { type ReconcileDeps, reconcile, YOUNGEST_MS } from './reconcile.ts';

export interface TurnDeps extends ReconcileDeps {
  log: Log;
  errors: ErrorLog;
  reconcileMs?: number;
}

export interface Turns {
  /** How often to look whether a comparison is due. */
  tickMs: number;
  /** How old the last comparison of a number must be for the next one. */
  gapMs(): number;
  /** Compares what is due of a client. */
  compare(clientId: string, gapMs: number): Promise<void>;
}

const RECONCILE_MS = 5 * 60_000;
const TICKS_IN_TURN = 60;
/** Texts that were too young for the first comparison are old enough for the next one. */
const AFTER_START_MS = 2 * YOUNGEST_MS;

/** Begins to count from now, the start. */
export function createTurns(deps: TurnDeps): Turns {
  const { reconcileMs = RECONCILE_MS, now } = deps;
  const startedAt = now().getTime();
  const tickMs = reconcileMs / TICKS_IN_TURN;
  return {
    tickMs,
    gapMs: () => {
      const isYoung = now().getTime() - startedAt <= AFTER_START_MS;
      // A tick less, so that two turns are never further apart than asked for.
      return isYoung ? Math.min(YOUNGEST_MS, reconcileMs) : reconcileMs - tickMs;
    },
    compare: (clientId, gapMs) => compareClient(deps, clientId, gapMs),
  };
}

/** What fails for one client is tried again in five minutes; the others do not wait for it. */
async function compareClient(deps: TurnDeps, clientId: string, gapMs: number): Promise<void> {
  try {
    const { found, booked, priced } = await reconcile(deps, clientId, gapMs);
    if (found + booked + priced === 0) return;
    deps.log.info('sms.reconciled', { clientId, found, booked, priced });
  } catch (error) {
    // What was begun is done by whoever starts next.
    if (deps.signal?.aborted) return;
    if (isUnavailable(error)) throw error;
    if (!isAppError(error, 'ERR_TWILIO')) return deps.errors.recordThrown(error, { clientId });
    const message = messageOf(error);
    await deps.errors.record({ type: 'twilio_error', code: 'list', message, clientId });
  }
}
