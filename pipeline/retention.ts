// Empties what has been kept long enough, by client and kind, in batches that each commit: it may be
// ended anywhere and run again. What is kept how long is told by retention-kinds.ts and each client.
import { AppError } from '../core/errors.ts';
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { RETENTION_KINDS, type RetentionPart } from './retention-kinds.ts';

export interface RetentionOptions {
  /** Of a role that sees every client: the pipeline's. */
  pool: Pool;
  now: Date;
  /** True: nothing is changed, only counted. */
  isDryRun?: boolean;
  signal?: AbortSignal;
  batchRows?: number;
}

export interface Policy {
  /** Null: what belongs to no client. */
  clientId: string | null;
  kind: string;
  /** Null: for good. */
  days: number | null;
  isDefault: boolean;
}

/** What went, or would go, of a table. */
export interface Expired extends Policy {
  table: string;
  rows: number;
  /** The oldest of them. */
  oldestAt: Date;
}

const DAY_MS = 86_400_000;
const BATCH_ROWS = 5_000;
const DAYS_MAX = 36_500;

/** Empties what is older than its days; a row of exactly that age stays. */
export async function applyRetention(options: RetentionOptions): Promise<Expired[]> {
  const { pool, now, isDryRun = false, signal } = options;
  const expired: Expired[] = [];
  for (const policy of await listPolicies(pool)) {
    if (policy.days === null) continue;
    const before = new Date(now.getTime() - policy.days * DAY_MS);
    for (const part of RETENTION_KINDS[policy.kind]?.parts ?? []) {
      signal?.throwIfAborted();
      const found = isDryRun
        ? await countExpired(pool, part, policy.clientId, before)
        : await emptyExpired(options, part, policy.clientId, before);
      if (found !== undefined) expired.push({ ...policy, table: part.table, ...found });
    }
  }
  return expired;
}

/** How long each client keeps what, the defaults included; what belongs to nobody comes last. */
export async function listPolicies(pool: Pool): Promise<Policy[]> {
  const rows = await query<{ client_id: string; days_by_kind: Record<string, number | null> }>(
    pool,
    loadSql('postgres/queries/select_retention'),
  );
  const own = rows.flatMap(({ client_id, days_by_kind }) =>
    Object.entries(RETENTION_KINDS).map(([kind, { days }]) => {
      const isDefault = !(kind in days_by_kind);
      return {
        clientId: client_id,
        kind,
        days: isDefault ? days : (days_by_kind[kind] ?? null),
        isDefault,
      };
    }),
  );
  const shared = Object.entries(RETENTION_KINDS)
    .filter(([, { isShared }]) => isShared)
    .map(([kind, { days }]) => ({ clientId: null, kind, days, isDefault: true }));
  return [...own, ...shared];
}

/** Sets how many days a client keeps a kind: `forever`, `default` or a number. Throws ERR_USAGE. */
export async function setPolicy(
  app: Pool,
  { clientId, kind, days }: { clientId: string; kind: string; days: string },
): Promise<void> {
  if (RETENTION_KINDS[kind] === undefined) {
    throw new AppError('ERR_USAGE', `"${kind}" is no kind of data that is kept for a time`, {
      fix: `choose from: ${Object.keys(RETENTION_KINDS).join(', ')}`,
    });
  }
  const name = days === 'default' ? 'delete_retention' : 'upsert_retention';
  const values = days === 'default' ? [clientId, kind] : [clientId, kind, readDays(days)];
  await withTransaction(app, { clientId }, (connection) =>
    query(connection, loadSql(`postgres/queries/${name}`), values),
  );
}

function readDays(text: string): number | null {
  if (text === 'forever') return null;
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= DAYS_MAX) return days;
  throw new AppError('ERR_USAGE', `"${text}" is no number of days`, {
    fix: `give 1 to ${DAYS_MAX}, forever, or default`,
  });
}

/** The condition of every statement: $1 client or null, $2 the instant before which it is too old. */
function expiredRows({ table, at, holds }: RetentionPart, clientId: string | null): string {
  const isOfClient =
    clientId === null ? 'client_id is null and $1::text is null' : 'client_id = $1';
  return `from ${table} where ${isOfClient} and ${at} < $2 and (${holds})`;
}

async function countExpired(
  pool: Pool,
  part: RetentionPart,
  clientId: string | null,
  before: Date,
): Promise<Pick<Expired, 'rows' | 'oldestAt'> | undefined> {
  if (clientId === null && !hasNobodys(part)) return undefined;
  const [found] = await query<{ rows: bigint; oldest_at: Date | null }>(
    pool,
    `select count(*) as rows, min(${part.at}) as oldest_at ${expiredRows(part, clientId)}`,
    [clientId, before],
  );
  if (!found?.oldest_at) return undefined;
  return { rows: Number(found.rows), oldestAt: found.oldest_at };
}

async function emptyExpired(
  { pool, signal, batchRows = BATCH_ROWS }: RetentionOptions,
  part: RetentionPart,
  clientId: string | null,
  before: Date,
): Promise<Pick<Expired, 'rows' | 'oldestAt'> | undefined> {
  if (clientId === null && !hasNobodys(part)) return undefined;
  const sql = batchSql(part, clientId);
  let rows = 0;
  let oldestAt: Date | undefined;
  let from: Date | null = null;
  for (;;) {
    signal?.throwIfAborted();
    const [batch]: BatchRow[] = await query<BatchRow>(pool, sql, [
      clientId,
      before,
      batchRows,
      from,
    ]);
    rows += Number(batch?.rows ?? 0);
    oldestAt ??= batch?.oldest_at ?? undefined;
    from = batch?.newest_at ?? null;
    if (Number(batch?.rows ?? 0) < batchRows) break;
  }
  return oldestAt === undefined ? undefined : { rows, oldestAt };
}

interface BatchRow extends Record<string, unknown> {
  rows: bigint;
  oldest_at: Date | null;
  newest_at: Date | null;
}

/**
 * One batch, the oldest first, from where the last one ended: what went before is not read again. A
 * row that somebody holds is passed by, for the next night.
 */
function batchSql(part: RetentionPart, clientId: string | null): string {
  const { table, keys, at, empties } = part;
  const change =
    empties === null
      ? `delete from ${table} using aged`
      : `update ${table} set ${empties} from aged`;
  // Only who may change a row may lock it; what is deleted is waited for.
  const lock = empties === null ? '' : 'for update skip locked';
  const isSame = keys.map((key) => `and ${table}.${key} = aged.${key}`).join(' ');
  return `
    with aged as (
      select client_id, ${keys.join(', ')}, ${at} as aged_at ${expiredRows(part, clientId)}
        and ($4::timestamptz is null or ${at} >= $4)
      order by ${at} limit $3 ${lock}
    ),
    changed as (
      ${change}
      where ${table}.client_id is not distinct from aged.client_id ${isSame}
      returning aged.aged_at
    )
    select count(*) as rows, min(aged_at) as oldest_at, max(aged_at) as newest_at from changed`;
}

function hasNobodys({ table }: RetentionPart): boolean {
  return table === 'error_logs' || table === 'runs';
}
