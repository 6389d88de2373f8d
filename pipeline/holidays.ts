// The days on which a client does no business, besides its weekends.
import { addDays } from '../core/calendar.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';

export interface Holiday {
  date: string;
  name: string;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Adds holidays, or names them anew. Throws ERR_USAGE for what is no date, and adds none then. */
export async function addHolidays(
  app: Pool,
  clientId: string,
  dates: string[],
  name: string,
): Promise<void> {
  const sql = loadSql('postgres/queries/upsert_holidays');
  const values = [clientId, dates.map(readDate), name];
  await withTransaction(app, { clientId }, (connection) => query(connection, sql, values));
}

/** Removes holidays; returns how many there were. */
export async function removeHolidays(
  app: Pool,
  clientId: string,
  dates: string[],
): Promise<number> {
  const sql = loadSql('postgres/queries/delete_holidays');
  const values = [clientId, dates.map(readDate)];
  const removed = await withTransaction(app, { clientId }, (connection) =>
    query(connection, sql, values),
  );
  return removed.length;
}

/** The client's holidays, oldest first. */
export async function listHolidays(app: Pool, clientId: string): Promise<Holiday[]> {
  const sql = loadSql('postgres/queries/select_holidays');
  const rows = await withTransaction(app, { clientId }, (connection) =>
    query<{ date: string; name: string }>(connection, sql, [clientId]),
  );
  return rows.map(({ date, name }) => ({ date, name }));
}

function readDate(text: string): string {
  try {
    if (DATE.test(text) && addDays(text, 0) === text) return text;
  } catch (cause) {
    throw badDate(text, cause);
  }
  throw badDate(text);
}

function badDate(text: string, cause?: unknown): AppError {
  const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
  return new AppError('ERR_USAGE', `"${text}" is no date${why}`, {
    fix: 'give a day such as 2026-12-25',
  });
}
