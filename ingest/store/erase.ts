// Erases a person from the books: what identifies him goes, his calls and texts stay under a random
// pseudonym, and every figure with them. Each step commits with its line of the receipt; an erasure
// that was cut off goes on where it ended when it is asked for again. Runs as the owner of the books.
import { randomBytes, randomUUID } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { carryOut, makePseudonym, type Subject } from './erase-steps.ts';

export interface ErasureRequest {
  clientId: string;
  /** A user id, a number, or both; whoever is known by either is erased. */
  userId?: string | undefined;
  phone?: string | undefined;
  askedBy: string;
  now: Date;
}

export interface ErasureOptions {
  batchRows?: number;
}

/** What stays of an erasure: it names nobody. */
export interface Receipt {
  clientId: string;
  erasureId: string;
  pseudonym: string;
  askedBy: string;
  askedAt: Date;
  /** Null while it is under way, or was cut off. */
  finishedAt: Date | null;
  /** Rows changed, by table. */
  counts: Record<string, number>;
}

interface ErasureRow extends Record<string, unknown> {
  client_id: string;
  erasure_id: string;
  pseudonym: string;
  asked_by: string;
  asked_at: Date;
  finished_at: Date | null;
  counts: Record<string, number>;
  subject: Subject;
}

const BATCH_ROWS = 2_000;
/**
 * Erases everybody whom the request means at this client; one receipt each. Repeating it changes
 * nothing. Throws ERR_NOT_FOUND where nobody is meant, ERR_USAGE for a number of the client's own.
 */
export async function erasePerson(
  owner: Pool,
  request: ErasureRequest,
  { batchRows = BATCH_ROWS }: ErasureOptions = {},
): Promise<Receipt[]> {
  const { clientId, now } = request;
  const receipts: Receipt[] = [];
  for (const subject of await findSubjects(owner, request)) {
    const row = await begin(owner, request, subject);
    const { erasure_id: erasureId, pseudonym } = row;
    const erasure = { ...row.subject, owner, clientId, erasureId, pseudonym, now, batchRows };
    const counts = await carryOut(erasure);
    receipts.push({ ...toReceipt(row), finishedAt: now, counts });
  }
  return receipts;
}

/** The receipts of a client, or of all; the newest first. */
export async function listErasures(pool: Pool, clientId: string | null): Promise<Receipt[]> {
  const sql = loadSql('postgres/queries/select_erasures');
  return (await query<ErasureRow>(pool, sql, [clientId])).map(toReceipt);
}

function toReceipt(row: ErasureRow): Receipt {
  return {
    clientId: row.client_id,
    erasureId: row.erasure_id,
    pseudonym: row.pseudonym,
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    finishedAt: row.finished_at,
    counts: row.counts,
  };
}

/** Who is meant: users, and else the number itself where it stands somewhere. */
async function findSubjects(owner: Pool, request: ErasureRequest): Promise<Subject[]> {
  const { clientId, userId = null, phone = null } = request;
  return withTransaction(owner, { clientId }, async (connection) => {
    await query(connection, 'set local statement_timeout = 0');
    await assertNoOldCopy(connection);
    const run = <T extends Record<string, unknown>>(name: string, values: unknown[]) =>
      query<T>(connection, loadSql(`postgres/queries/${name}`), [clientId, ...values]);
    const [traces] =
      phone === null
        ? []
        : await run<{ is_ours: boolean; is_known: boolean }>('select_number_traces', [phone]);
    if (traces?.is_ours)
      throw new AppError('ERR_USAGE', `${phone} is a number of ours, not of a person`);
    const named = await run<{ user_id: string }>('select_erasure_subjects', [userId, phone]);
    const subjects: Subject[] = [];
    for (const { user_id: name } of named) {
      const [known] = await run<Pick<Subject, 'phones' | 'names' | 'tags'>>('select_identifiers', [
        name,
      ]);
      const subject = newSubject(name, { userId: name, ...known });
      if (phone !== null && !subject.phones.includes(phone)) subject.phones.push(phone);
      subjects.push(subject);
    }
    if (subjects.length === 0 && phone !== null && traces?.is_known)
      subjects.push(newSubject(phone, { phones: [phone] }));
    if (subjects.length > 0) return subjects;
    throw new AppError('ERR_NOT_FOUND', `client "${clientId}" knows nobody of that id or number`, {
      fix: 'whoever was erased already has a receipt: npm run daybook -- erase --list',
    });
  });
}

/** Calls that were made a table of parts still stand in the old one until somebody drops it. */
async function assertNoOldCopy(connection: Connection): Promise<void> {
  const sql = `select to_regclass('public.usage_events_whole') is not null as is_there`;
  const [found] = await query<{ is_there: boolean }>(connection, sql);
  if (!found?.is_there) return;
  throw new AppError('ERR_CONFIG', 'the table usage_events_whole still holds all calls', {
    fix: 'drop it, as the owner of the books: drop table usage_events_whole',
  });
}

function newSubject(name: string, known: Partial<Subject>): Subject {
  const { userId = null, phones = [], names = [], tags = [] } = known;
  const secret = randomBytes(32).toString('hex');
  return { name, userId, phones, names: names.filter(Boolean), tags, conversations: [], secret };
}

async function begin(owner: Pool, request: ErasureRequest, subject: Subject): Promise<ErasureRow> {
  const { clientId, askedBy, now } = request;
  const pseudonym = makePseudonym(randomBytes(32));
  const values = [clientId, randomUUID(), pseudonym, askedBy, now, subject];
  const [row] = await withTransaction(owner, { clientId }, (connection) =>
    query<ErasureRow>(connection, loadSql('postgres/queries/begin_erasure'), values),
  );
  return { ...(row as ErasureRow), client_id: clientId };
}
