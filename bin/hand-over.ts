// Work on the warehouse: done here, or by the worker that holds it. Then it is asked for as a run, and
// waited for; if no worker is there any more, it is done here after all.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isAppError } from '../core/errors.ts';
import { startStep } from '../core/progress.ts';
import { askForRun, findLiveHolder, type RunState, readRuns } from '../pipeline/asked-runs.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import { tickDeps } from './commands/worker.ts';
import type { Context } from './context.ts';
import { doAskedRuns } from './run-jobs.ts';

/** What a worker is asked for. */
export interface Handed {
  /** As the history of runs shows it. */
  job: string;
  kind: string;
  clientId: string | null;
  params: Record<string, unknown>;
}

/** Longer than a command that only looks something up holds the warehouse. */
const TRY_HERE_MS = 1_500;
const POLL_MS = 500;
/** Between its work and its next wake a worker may seem to be gone for so long. */
const GONE_AFTER_MS = 30_000;
/** A worker touches its file with every wake, each 15 seconds. */
const ALIVE_MS = 60_000;
const ENDED = ['succeeded', 'failed', 'skipped', 'superseded'];

/**
 * Resolves with what `here` made of the warehouse, or `there` of the worker's run. Throws what they
 * throw, ERR_RUN_FAILED where the worker failed, and ERR_WAREHOUSE_BUSY where no worker holds it.
 */
export async function doOrHandOver<T>(
  context: Context,
  handed: Handed,
  here: (warehouse: Warehouse) => Promise<T>,
  there: (run: RunState) => Promise<T>,
): Promise<T> {
  try {
    return await context.withWarehouse(here, { busyWaitMs: TRY_HERE_MS });
  } catch (error) {
    if (!isAppError(error, 'ERR_WAREHOUSE_BUSY')) throw error;
  }
  if (!(await isWorkerAlive(context))) return context.withWarehouse(here);
  const run = await waitForWorker(context, handed);
  if (run.state === 'succeeded') return there(run);
  throw new AppError('ERR_RUN_FAILED', `the worker could not do it: ${run.error ?? run.state}`, {
    fix: 'it is tried again; see: npm run daybook -- jobs history',
  });
}

async function waitForWorker(context: Context, handed: Handed): Promise<RunState> {
  const pool = await context.pipelinePool();
  const asked = await askForRun(pool, handed, context.now());
  const step = startStep(process.stdout, 'A worker does it');
  let aliveAt = performance.now();
  for (;;) {
    const [run] = await readRuns(pool, [asked.runId]);
    if (run !== undefined && ENDED.includes(run.state)) {
      step.finish(run.state === 'succeeded' ? 'done' : run.state);
      return run;
    }
    if (await isWorkerAlive(context)) aliveAt = performance.now();
    if (performance.now() - aliveAt > GONE_AFTER_MS) {
      step.finish('no worker takes it: it is done here');
      const deps = tickDeps(context, { pool, mailer: context.mailer() });
      const [done] = await doAskedRuns(deps, { runs: [asked] }, process.stdout);
      if (done !== undefined) return done;
    }
    await sleep(POLL_MS);
  }
}

/** By its last wake, or by what it works on since then. */
async function isWorkerAlive({ config, pipelinePool, now }: Context): Promise<boolean> {
  const file = statSync(join(config.homeDir, 'worker-alive'), { throwIfNoEntry: false });
  if (file !== undefined && Date.now() - file.mtimeMs < ALIVE_MS) return true;
  return (await findLiveHolder(await pipelinePool(), now())) !== undefined;
}
