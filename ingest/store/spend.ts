// What texts take of the caps of a day, of their number and of their client: reserved before a text is
// sent, given back if it was not. Runs in the caller's transaction.
import { localDate } from '../../core/calendar.ts';
import { Decimal } from '../../core/money.ts';
import { type Connection, query } from '../../core/postgres.ts';
import type { SmsConfig } from '../../core/sms-config.ts';
import { loadSql } from '../../core/sql.ts';
import { estimateText } from '../texts/rates.ts';
import { callingCode } from '../twilio/phone.ts';

/** A text as the caps see it. */
export interface Spend {
  clientId: string;
  phone: string;
  segments: number;
  /** The client's day that counts it. */
  day: string;
}

type Scope = 'number' | 'client';

/** The day of an instant in the client's zone. */
export async function spendDay(
  connection: Connection,
  clientId: string,
  instant: Date,
): Promise<string> {
  const sql = loadSql('postgres/queries/select_client_zone');
  const [row] = await query<{ time_zone: string }>(connection, sql, [clientId]);
  return localDate(instant, row?.time_zone ?? 'UTC');
}

/** Reserves the text's part of both caps; false, with nothing reserved, where one does not allow it. */
export async function reserveSpend(
  connection: Connection,
  spend: Spend,
  { numberCap, clientCap }: Pick<SmsConfig, 'numberCap' | 'clientCap'>,
): Promise<boolean> {
  const caps = [numberCap, clientCap].flatMap(({ segments, cost }) => [segments, cost]);
  const sql = loadSql('postgres/queries/reserve_spend');
  const values = [...valuesOf(spend), ...caps];
  const reserved = await query<{ scope: Scope }>(connection, sql, values);
  if (reserved.length === 2) return true;
  const scopes = reserved.map(({ scope }) => scope);
  if (scopes.length > 0) await releaseSpend(connection, spend, scopes);
  return false;
}

/** Gives back what was reserved for a text that was not sent. */
export async function releaseSpend(
  connection: Connection,
  spend: Spend,
  scopes: readonly Scope[] = ['number', 'client'],
): Promise<void> {
  const sql = loadSql('postgres/queries/release_spend');
  await query(connection, sql, [...valuesOf(spend), scopes]);
}

/** Both statements begin with these. A text of unknown price counts by its segments alone. */
function valuesOf({ clientId, phone, segments, day }: Spend): unknown[] {
  const { price, carrierFee } = estimateText({
    direction: 'outbound',
    callingCode: callingCode(phone),
    segments,
    hasMedia: false,
  });
  const cost = new Decimal(price ?? 0).plus(carrierFee ?? 0).toString();
  return [clientId, phone, day, segments, cost];
}
