// The zones that a client has counted its days in, each from a date on. What was counted before a
// change stays in the days that it had.
import { addDays, isDate, isTimeZone, localDate, spellTimeZone } from './calendar.ts';
import { AppError } from './errors.ts';
import { type Connection, type Pool, query, withTransaction } from './postgres.ts';
import { loadSql } from './sql.ts';

export interface ClientZone {
  clientId: string;
  timeZone: string;
  /** Its first day; that of the first zone is the beginning of the books. */
  from: string;
}

/** Before this no zone of a client begins. */
const FIRST_DAY = '2000-01-01';

/**
 * Lets a client count its days in another zone from a date on; false when it does already. The zone
 * that began on that very date is replaced. Throws ERR_USAGE for what is no zone, no date, in the
 * future or before the newest change, and ERR_NOT_FOUND.
 */
export async function changeZone(pool: Pool, change: ClientZone, now: Date): Promise<boolean> {
  assertChange(change, now);
  const { clientId, from } = change;
  const timeZone = spellTimeZone(change.timeZone);
  return withTransaction(pool, { clientId }, async (connection) => {
    const found = await query(connection, loadSql('postgres/queries/lock_client'), [clientId]);
    if (found.length === 0) throw noClient(clientId);
    const zones = await selectZones(connection, clientId);
    const newest = zones.at(-1) as ClientZone;
    if (from < newest.from) throw tooEarly(newest, from);
    if (timeZone === newest.timeZone) return false;
    const sql = loadSql('postgres/queries/upsert_client_zone');
    await query(connection, sql, [clientId, from, timeZone]);
    return true;
  });
}

/** Every zone of the client, or of every client that the pool's role may see, oldest first. */
export function listZones(pool: Pool, clientId: string | null = null): Promise<ClientZone[]> {
  return selectZones(pool, clientId);
}

/** "Europe/Vienna (America/New_York before 2025-03-10)". */
export function describeZones(zones: ClientZone[]): string {
  const before = zones.flatMap(({ timeZone }, index) => {
    const next = zones[index + 1];
    // A change that was taken back again is none.
    return next === undefined || next.timeZone === timeZone
      ? []
      : [`${timeZone} before ${next.from}`];
  });
  const now = zones.at(-1)?.timeZone ?? '';
  return before.length === 0 ? now : `${now} (${before.join(', ')})`;
}

async function selectZones(db: Pool | Connection, clientId: string | null) {
  const rows = await query<{ client_id: string; effective_from: string; time_zone: string }>(
    db,
    loadSql('postgres/queries/select_client_zones'),
    [clientId],
  );
  return rows.map(
    (row): ClientZone => ({
      clientId: row.client_id,
      timeZone: row.time_zone,
      from: row.effective_from,
    }),
  );
}

function assertChange({ timeZone, from }: ClientZone, now: Date): void {
  const problems: string[] = [];
  const isZone = isTimeZone(timeZone);
  if (!isZone) problems.push(`the zone "${timeZone}" is unknown, give one such as Europe/Vienna`);
  if (!isDate(from)) problems.push(`the date "${from}" is no date, give one such as 2025-03-10`);
  else if (from < FIRST_DAY) problems.push(`the date ${from} is before the books, ${FIRST_DAY}`);
  else if (isZone && from > localDate(now, timeZone))
    problems.push(`the date ${from} is in the future: make the change on the day itself`);
  if (problems.length === 0) return;
  throw new AppError('ERR_USAGE', `the zone cannot be changed:\n  ${problems.join('\n  ')}`);
}

function tooEarly(newest: ClientZone, from: string): AppError {
  const { clientId, timeZone } = newest;
  return new AppError(
    'ERR_USAGE',
    `the zone cannot be changed from ${from}: ${clientId} counts in ${timeZone} since ${newest.from}`,
    {
      fix: `give ${newest.from}, to replace that change, or a later date: ${addDays(newest.from, 1)}`,
    },
  );
}

function noClient(clientId: string): AppError {
  return new AppError('ERR_NOT_FOUND', `there is no client "${clientId}"`, {
    fix: 'see: npm run daybook -- clients list',
  });
}
