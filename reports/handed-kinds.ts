// The kinds of runs that commands hand over to a worker which holds the warehouse; no job has them.
import { parsePeriod } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import type { JobKinds } from '../pipeline/jobs.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import type { DueRun } from '../pipeline/runs.ts';
import type { Session } from '../pipeline/session.ts';
import { FORMATS, type Format } from './catalog.ts';
import { type PublishDeps, publishReport } from './publish.ts';

type HandedDeps = Omit<PublishDeps, 'warehouse'> & Parameters<typeof refreshWarehouse>[0];

/** A report of a period that is named, in some formats; mailed to nobody. */
export const PERIOD_REPORT = 'period report';
/** Every day built anew. */
export const REBUILD = 'rebuild';

export function makeHandedKinds(deps: Omit<HandedDeps, 'warehouse'>, session: Session): JobKinds {
  return {
    [PERIOD_REPORT]: {
      work: async (run) => {
        const request = readRequest(run);
        const { warehouse } = await session.fresh();
        const { revision } = await publishReport({ ...deps, warehouse }, request);
        return { rowCount: Number(revision.content.completeness.inReport.value) };
      },
    },
    [REBUILD]: {
      work: async () => {
        const { warehouse } = await session.fresh();
        const { rebuiltDays } = await refreshWarehouse({ ...deps, warehouse, everything: true });
        return { rowCount: rebuiltDays };
      },
    },
  };
}

function readRequest({ clientId, params, runId, fence }: DueRun) {
  const { report, period, formats } = params;
  const isKnown = (format: unknown): format is Format => FORMATS.some((one) => one === format);
  const areFormats = Array.isArray(formats) && formats.every(isKnown);
  if (typeof report !== 'string' || typeof period !== 'string' || clientId === null || !areFormats)
    throw new AppError('ERR_INPUT', `no report has the parameters ${JSON.stringify(params)}`);
  const toPeriod = (weekStart: number) => parsePeriod(period, weekStart);
  return { report, clientId, formats, toPeriod, runId, fence };
}
