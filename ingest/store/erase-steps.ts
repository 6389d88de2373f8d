// The steps of an erasure, each a transaction with its line of the receipt, so that one that was cut
// off goes on where it ended. Whom it is about and who may ask is decided before.
import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { removeLogin } from '../../core/logins.ts';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { forgetNumber, forgetUser } from './forget.ts';

export interface Subject {
  /** The user, or the number of somebody who has none. */
  name: string;
  userId: string | null;
  phones: string[];
  /** His mail address and name. */
  names: string[];
  /** That only his calls bear. */
  tags: string[];
  conversations: string[];
  /** The pseudonyms of conversations come from it; it goes with the subject. */
  secret: string;
}

/** An erasure under way. */
export interface Erasure extends Subject {
  owner: Pool;
  clientId: string;
  erasureId: string;
  pseudonym: string;
  now: Date;
  batchRows: number;
}

/** Calls may be booked for the person while he is erased. */
const ROUNDS_MAX = 20;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const PSEUDONYM_LETTERS = 14;
/** SQLSTATE: restrict violation, foreign key violation; before Postgres 18 both were the second. */
const IN_USE = new Set(['23001', '23503']);

/** Does what is left to do and returns the rows changed, by table. */
export async function carryOut(erasure: Erasure): Promise<Record<string, number>> {
  const { userId, pseudonym, erasureId, now } = erasure;
  await forget(erasure);
  if (userId !== null) {
    await step(erasure, (run) => run('insert_pseudonym', [userId, pseudonym]));
    await renameUser(erasure, userId);
  }
  for (const phone of erasure.phones) await eraseCallNumbers(erasure, phone);
  return step(erasure, async (run) => {
    if (userId !== null) await run('delete_user_tombstone', [userId]);
    const [row] = await run<{ counts: Record<string, number> }>('finish_erasure', [erasureId, now]);
    return row?.counts ?? {};
  });
}

/** From random bytes. Letters only: a run of digits might read as a number to be masked. */
export function makePseudonym(bytes: Uint8Array): string {
  const letters = Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]);
  return `erased-${letters.slice(0, PSEUDONYM_LETTERS).join('')}`;
}

type Run = <T extends Record<string, unknown>>(name: string, values: unknown[]) => Promise<T[]>;
type Note = (table: string, rows: number, conversations?: string[]) => Promise<void>;

/** One transaction: statements of the client, and what they changed for the receipt. */
function step<T>(
  { owner, clientId, erasureId }: Erasure,
  work: (run: Run, note: Note, connection: Connection) => Promise<T>,
): Promise<T> {
  return withTransaction(owner, { clientId }, async (connection) => {
    // A scan of all calls may take longer than a statement of ours ever should.
    await query(connection, 'set local statement_timeout = 0');
    const run: Run = (name, values) =>
      query(connection, loadSql(`postgres/queries/${name}`), [clientId, ...values]);
    const note: Note = async (table, rows, conversations = []) => {
      if (rows === 0 && conversations.length === 0) return;
      await run('note_erased', [erasureId, table, rows, JSON.stringify(conversations)]);
    };
    return work(run, note, connection);
  });
}

/** Words, numbers and profile; and what else of him stands outside his calls. */
async function forget(erasure: Erasure): Promise<void> {
  const { owner, clientId, userId, pseudonym, phones, names, now } = erasure;
  const identifiers = [...(userId === null ? [] : [userId]), ...phones, ...names];
  if (userId !== null) {
    const find = (run: Run) => run<{ role_name: string }>('select_logins_of_user', [userId]);
    for (const { role_name } of await step(erasure, find)) {
      await removeLogin(owner, role_name);
      await step(erasure, (_run, note) => note('database_logins', 1));
    }
  }
  await step(erasure, async (run, note, connection) => {
    for (const phone of phones) {
      await note('sms_consents', await forgetNumber(connection, clientId, phone));
    }
    if (userId !== null) {
      await note('user_profiles', (await run('delete_profile', [userId])).length);
      await forgetUser(connection, clientId, { task_id: null, user_id: userId }, now);
    }
    for (const phone of phones)
      await note('sms_messages', (await run('erase_texts_of_number', [phone])).length);
    const errors = await run('erase_errors', [userId, pseudonym, identifiers]);
    await note('error_logs', errors.length);
    const addresses = identifiers.map((text) => text.toLowerCase());
    const removed = await run('erase_removed_recipients', [addresses, pseudonym]);
    await note('recipients', removed.length);
    const failures = loadSql('postgres/queries/erase_check_failures');
    await note('check_failures', (await query(connection, failures, [identifiers])).length);
  });
}

/** Until nothing is left under the old id: whoever books for it meanwhile is waited for. */
async function renameUser(erasure: Erasure, userId: string): Promise<void> {
  const { pseudonym, batchRows, names, phones, tags } = erasure;
  const identifiers = [userId, ...phones, ...names];
  const conversations = new Set(erasure.conversations);
  for (let round = 1; ; round += 1) {
    await step(erasure, async (_run, note, connection) => {
      for (const id of await renameTexts(connection, erasure, userId, note)) conversations.add(id);
    });
    for (let rows = batchRows; rows === batchRows; ) {
      rows = await step(erasure, async (run, note) => {
        const values = [userId, pseudonym, batchRows, identifiers, tags];
        const [batch] = await run<{ rows: number; conversations: string[] }>('erase_calls', values);
        for (const id of batch?.conversations ?? []) conversations.add(id);
        await note('usage_events', batch?.rows ?? 0, batch?.conversations);
        return batch?.rows ?? 0;
      });
    }
    for (const id of conversations) await renameConversation(erasure, id);
    const isGone = await deleteUnused(erasure, 'delete_user', userId);
    if (isGone) return;
    if (round === ROUNDS_MAX)
      throw new AppError('ERR_SQL', 'calls are being booked for the person without an end', {
        fix: 'let the application stop naming him, then erase him again',
      });
  }
}

const OF_USERS = ['sms_messages', 'tasks', 'sms_outbox', 'sms_users'] as const;

/** Returns the conversations of his texts. */
async function renameTexts(
  connection: Connection,
  { clientId, pseudonym }: Erasure,
  userId: string,
  note: Note,
): Promise<string[]> {
  let conversations: string[] = [];
  for (const table of OF_USERS) {
    const named = table === 'tasks' ? 'conversation_id' : 'null as conversation_id';
    const rows = await query<{ conversation_id: string }>(
      connection,
      `update ${table} set user_id = $3 where client_id = $1 and user_id = $2 returning ${named}`,
      [clientId, userId, pseudonym],
    );
    if (table === 'tasks') conversations = rows.map((row) => row.conversation_id);
    await note(table, rows.length, table === 'tasks' ? conversations : []);
  }
  return conversations;
}

/** For all who took part: a conversation of two people is still one. */
async function renameConversation(erasure: Erasure, id: string): Promise<void> {
  const { batchRows, secret } = erasure;
  const renamed = makePseudonym(createHash('sha256').update(`${secret} ${id}`).digest());
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    await step(erasure, async (run) => {
      await run('insert_conversation_pseudonym', [id, renamed]);
      await run('erase_task_conversation', [id, renamed]);
    });
    for (let rows = batchRows; rows === batchRows; ) {
      const values = [id, renamed, batchRows];
      const batch = await step(erasure, (run) =>
        run<{ rows: number }>('erase_call_conversation', values),
      );
      rows = batch[0]?.rows ?? 0;
    }
    if (await deleteUnused(erasure, 'delete_conversation', id)) return;
  }
}

/** False where somebody has booked under the old name meanwhile. */
async function deleteUnused(erasure: Erasure, name: string, id: string): Promise<boolean> {
  try {
    await step(erasure, async (run, note) => {
      const deleted = await run(name, [id]);
      if (name === 'delete_conversation') await note('conversations', deleted.length);
    });
    return true;
  } catch (error) {
    if (IN_USE.has((error as { code?: string }).code ?? '')) return false;
    throw error;
  }
}

async function eraseCallNumbers(erasure: Erasure, phone: string): Promise<void> {
  const { batchRows } = erasure;
  let from: Date | null = null;
  for (let rows = batchRows; rows === batchRows; ) {
    const values: unknown[] = [phone, batchRows, from];
    rows = await step(erasure, async (run, note) => {
      const [batch] = await run<{ rows: number; newest_at: Date | null }>(
        'erase_call_numbers',
        values,
      );
      from = batch?.newest_at ?? null;
      await note('usage_events', batch?.rows ?? 0);
      return batch?.rows ?? 0;
    });
  }
}
