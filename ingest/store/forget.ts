// FORGET ME and "users forget": takes a person's number and words out of the books and leaves the
// figures with a pseudonym. Runs in the caller's transaction; the archive and the warehouse never
// held either.
import { type Connection, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';

/** Forgets a person, by a text of his or without one; texting again makes a new person. */
export async function forgetUser(
  connection: Connection,
  clientId: string,
  { task_id, user_id }: { task_id: string | null; user_id: string },
  now: Date,
): Promise<void> {
  const run = (name: string, values: unknown[]) =>
    query(connection, loadSql(`postgres/queries/${name}`), [clientId, ...values]);
  const [person] = await query<{ phone: string | null }>(
    connection,
    loadSql('postgres/queries/select_sms_phone'),
    [clientId, user_id],
  );
  const phone = person?.phone ?? null;
  if (phone !== null) await run('insert_forgotten', [phone, user_id, now]);
  await run('forget_sms_user', [user_id, now]);
  // Tasks first: a text that is stored meanwhile still has its task then, which forgets it.
  await run('forget_tasks', [user_id, task_id, now]);
  await run('forget_messages', [user_id]);
  await run('forget_outbox', [user_id, now]);
  await run('delete_profile', [user_id]);
  if (phone !== null) await forgetNumber(connection, clientId, phone);
}

/** Takes a number off the record of what it allowed; that it wants nothing is kept, as a hash. */
export async function forgetNumber(
  connection: Connection,
  clientId: string,
  phone: string,
): Promise<number> {
  const values = [clientId, phone];
  await query(connection, loadSql('postgres/queries/forget_suppression'), values);
  return (await query(connection, loadSql('postgres/queries/forget_consents'), values)).length;
}

/** Counts outlive whoever is forgotten, to the month's end and as hashes only. */
export async function forgetOldCounts(
  connection: Connection,
  clientId: string,
  now: Date,
): Promise<void> {
  await query(connection, loadSql('postgres/queries/delete_old_counts'), [clientId, now]);
}

/** Empties a text that was settled after its addressee was forgotten. */
export async function forgetSentText(
  connection: Connection,
  clientId: string,
  outboxId: string,
): Promise<void> {
  const sql = loadSql('postgres/queries/forget_sent_text');
  const [sent] = await query<{ message_sid: string | null }>(connection, sql, [clientId, outboxId]);
  if (!sent?.message_sid) return;
  const emptySql = loadSql('postgres/queries/forget_message');
  await query(connection, emptySql, [clientId, sent.message_sid]);
}
