// Does the runs that a person asked for, in this process or, where a worker is faster or holds the
// warehouse, by waiting for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../core/errors.ts';
import { type Output, startStep } from '../core/progress.ts';
import { type AskedRun, type RunState, readRuns } from '../pipeline/asked-runs.ts';
import { workOff } from '../pipeline/dispatch.ts';
import { sendDueDeliveries } from '../reports/deliver.ts';
import { openTickSession, type TickDeps } from '../reports/due-reports.ts';
import { makeJobKinds } from '../reports/job-kinds.ts';

const POLL_MS = 1_000;
const OPEN_STATES = ['due', 'running'];

export interface AskedWork {
  runs: AskedRun[];
  /** Whose queued mails are sent at the end; undefined: nobody's. */
  mailClient?: string | undefined;
}

/** Resolves with the runs when each has ended; what failed says why, and is tried again. */
export async function doAskedRuns(
  deps: TickDeps,
  { runs, mailClient }: AskedWork,
  output: Output,
): Promise<RunState[]> {
  const runIds = runs.map(({ runId }) => runId);
  const step = startStep(output, 'runs', runs.length);
  for (;;) {
    await workWhatIsFree(deps, runIds);
    const states = await readRuns(deps.pool, runIds);
    const open = states.filter(({ state }) => OPEN_STATES.includes(state));
    step.advance(runs.length - open.length);
    if (open.length === 0) {
      if (mailClient !== undefined) await sendDueDeliveries(deps, [mailClient]);
      step.finish();
      return states;
    }
    await sleep(POLL_MS);
  }
}

async function workWhatIsFree(deps: TickDeps, runIds: string[]): Promise<void> {
  const session = openTickSession(deps);
  const kinds = makeJobKinds(deps, session);
  try {
    await workOff(deps, kinds, { runIds, isFatal: session.hasFailed });
  } catch (error) {
    // The worker that holds the warehouse does it; any other end stands in the ledger.
    if (!isAppError(error, 'ERR_WAREHOUSE_BUSY') && !session.hasFailed()) throw error;
  } finally {
    await session.close();
  }
}
