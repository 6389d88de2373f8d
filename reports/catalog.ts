// The list of reports: what each is called, for which periods it exists and how it is composed.
import type { Period } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import type { Pool } from '../core/postgres.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import type { ReportContent } from './content.ts';
import { composeExecutive } from './executive/content.ts';
import { loadExecutiveFacts } from './executive/facts.ts';

export const FORMATS = ['html', 'pdf', 'xlsx'] as const;
export type Format = (typeof FORMATS)[number];

/** Where a content comes from: the books, and a warehouse that was refreshed from them. */
export interface Sources {
  pool: Pool;
  warehouse: Warehouse;
  now: () => Date;
}

/** A composed content and the instant of the snapshot it stands on. */
export interface Composed {
  content: ReportContent;
  asOf: string;
}

export interface CatalogEntry {
  name: string;
  compose(
    sources: Sources,
    clientId: string,
    toPeriod: (weekStart: number) => Period,
  ): Promise<Composed>;
}

export const CATALOG: CatalogEntry[] = [
  {
    name: 'executive',
    compose: async ({ pool, warehouse, now }, clientId, toPeriod) => {
      const facts = await loadExecutiveFacts(pool, warehouse, clientId, toPeriod, now());
      return { content: composeExecutive(facts), asOf: facts.asOf };
    },
  },
];

/** The entry of that name. Throws ERR_USAGE with the names there are. */
export function findReport(name: string): CatalogEntry {
  const entry = CATALOG.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const names = CATALOG.map((candidate) => candidate.name).join(', ');
  throw new AppError('ERR_USAGE', `there is no report "${name}"`, {
    fix: `choose one of: ${names}`,
  });
}
