// The phone numbers that are ours: whose client a text to one is for.
import { AppError } from '../../core/errors.ts';
import { type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { isE164 } from '../twilio/phone.ts';

export interface OwnNumber {
  phone: string;
  clientId: string;
}

/** False when the number is somebody's already. Throws ERR_USAGE for what is no E.164 number. */
export async function addNumber(
  pool: Pool,
  clientId: string,
  phone: string,
  now: Date,
): Promise<boolean> {
  if (!isE164(phone)) {
    throw new AppError('ERR_USAGE', `"${phone}" is no phone number`, {
      fix: 'give it with its country code, such as +12025550123',
    });
  }
  const added = await withTransaction(pool, { clientId }, (connection) =>
    query(connection, loadSql('postgres/queries/insert_number'), [clientId, phone, now]),
  );
  return added.length > 0;
}

/** All numbers for the pipeline; for a tenant its own. */
export async function listNumbers(pool: Pool): Promise<OwnNumber[]> {
  const rows = await query<{ phone: string; client_id: string }>(
    pool,
    loadSql('postgres/queries/select_numbers'),
  );
  return rows.map(({ phone, client_id: clientId }) => ({ phone, clientId }));
}
