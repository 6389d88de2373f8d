// The tenants: who they are, and in which zone, week, currency and locale they count.
import { isTimeZone, PERIOD_KINDS, spellTimeZone, type WeekStart } from './calendar.ts';
import { AppError } from './errors.ts';
import { type Pool, query, withTransaction } from './postgres.ts';
import { loadSql } from './sql.ts';

export interface Client {
  clientId: string;
  name: string;
  timeZone: string;
  weekStart: WeekStart;
  currency: string;
  locale: string;
  /** A call that costs so many times its model's median is shown apart. */
  outlierMultiple?: number;
}

export const WEEK_DAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
const CLIENT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const OUTLIER_MULTIPLE = 100;
const OUTLIER_MULTIPLE_RANGE = [2, 1_000_000] as const;
/** The report that a new client gets, and when in its own zone. */
const DEFAULT_REPORT = 'executive';
const DEFAULT_CRONS = { day: '0 7 * * *', week: '0 7 * * mon', month: '0 7 1 * *' } as const;

/** Adds a client with the jobs of its reports; true when it was not there before. Throws ERR_USAGE. */
export async function addClient(pool: Pool, client: Client, now: Date): Promise<boolean> {
  assertClient(client);
  const { clientId, name, weekStart, currency, locale } = client;
  const timeZone = spellTimeZone(client.timeZone);
  return withTransaction(pool, { clientId }, async (connection) => {
    const { outlierMultiple = OUTLIER_MULTIPLE } = client;
    const values = [clientId, name, timeZone, weekStart, currency, locale, now, outlierMultiple];
    const added = await query(connection, loadSql('postgres/queries/insert_client'), values);
    for (const kind of PERIOD_KINDS) {
      const params = { report: DEFAULT_REPORT, period: kind };
      const job = `report ${DEFAULT_REPORT} ${kind}`;
      const values = [job, clientId, 'report', params, DEFAULT_CRONS[kind], 'coalesce', now];
      await query(connection, loadSql('postgres/queries/insert_job'), values);
    }
    return added.length > 0;
  });
}

/** Sets from which multiple of a model's median on a call is shown apart. Throws ERR_NOT_FOUND. */
export async function setOutlierMultiple(
  pool: Pool,
  clientId: string,
  outlierMultiple: number,
): Promise<void> {
  const problem = findMultipleProblem(outlierMultiple);
  if (problem !== undefined) throw new AppError('ERR_USAGE', problem);
  const sql = loadSql('postgres/queries/update_outlier_multiple');
  const changed = await withTransaction(pool, { clientId }, (connection) =>
    query(connection, sql, [clientId, outlierMultiple]),
  );
  if (changed.length > 0) return;
  throw new AppError('ERR_NOT_FOUND', `there is no client "${clientId}"`, {
    fix: 'see: npm run daybook -- clients list',
  });
}

/** The clients that the pool's role may see: the pipeline sees all. */
export async function listClients(pool: Pool): Promise<Client[]> {
  const rows = await query<Record<string, string | number>>(
    pool,
    loadSql('postgres/queries/select_clients'),
  );
  return rows.map((row) => ({
    clientId: String(row.client_id),
    name: String(row.name),
    timeZone: String(row.time_zone),
    weekStart: Number(row.week_start),
    currency: String(row.currency),
    locale: String(row.locale),
    outlierMultiple: Number(row.outlier_multiple),
  }));
}

/** Throws ERR_NOT_FOUND with the clients there are. */
export async function requireClient(pool: Pool, clientId: string): Promise<Client> {
  const clients = await listClients(pool);
  const found = clients.find((client) => client.clientId === clientId);
  if (found !== undefined) return found;
  const names = clients.map((client) => client.clientId).join(', ');
  throw new AppError('ERR_NOT_FOUND', `there is no client "${clientId}"`, {
    fix:
      names === '' ? 'add one: npm run daybook -- clients add --help' : `choose one of: ${names}`,
  });
}

/** `monday` → 1 … `sunday` → 7. */
export function parseWeekStart(name: string): WeekStart {
  const index = WEEK_DAYS.indexOf(name.toLowerCase() as (typeof WEEK_DAYS)[number]);
  if (index >= 0) return index + 1;
  throw new AppError('ERR_USAGE', `"${name}" is no day of the week`, {
    fix: `give one of: ${WEEK_DAYS.join(', ')}`,
  });
}

function assertClient(client: Client): void {
  const { clientId, name, timeZone, currency, locale, outlierMultiple } = client;
  const problems: string[] = [];
  if (!CLIENT_ID.test(clientId))
    problems.push(`the id "${clientId}" must be a-z, 0-9 and "-", at most 63`);
  if (name.trim() === '') problems.push('the name must not be empty');
  if (!isTimeZone(timeZone)) problems.push(`"${timeZone}" is no time zone such as Europe/Vienna`);
  if (!Intl.supportedValuesOf('currency').includes(currency))
    problems.push(`"${currency}" is no currency such as USD`);
  if (!isLocale(locale)) problems.push(`"${locale}" is no locale such as en-US`);
  const problem = findMultipleProblem(outlierMultiple ?? OUTLIER_MULTIPLE);
  if (problem !== undefined) problems.push(problem);
  if (problems.length === 0) return;
  throw new AppError('ERR_USAGE', `the client cannot be added:\n  ${problems.join('\n  ')}`);
}

function findMultipleProblem(value: number): string | undefined {
  const [least, most] = OUTLIER_MULTIPLE_RANGE;
  if (Number.isInteger(value) && value >= least && value <= most) return undefined;
  return `the outlier multiple must be a whole number, ${least} to ${most}`;
}

function isLocale(locale: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}
