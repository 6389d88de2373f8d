// What model calls take of the caps of a day, of their number and of their client: held by a try before
// it calls, spent once its calls are booked. Runs in the caller's transaction.
import { Decimal } from '../../core/money.ts';
import { type Connection, query } from '../../core/postgres.ts';
import type { SmsConfig } from '../../core/sms-config.ts';
import { loadSql } from '../../core/sql.ts';
import type { TaskRow } from './tasks.ts';

/** Whose caps count it, on which of the client's days. */
export interface SpendPlace {
  clientId: string;
  phone: string;
  day: string;
}

/**
 * "wait" where others' tries hold what is left and may give it back, "lost" where another worker
 * has the task.
 */
export type HoldVerdict = 'held' | 'wait' | 'lost' | 'number-capped' | 'client-capped';

type Spent = Record<'model-number' | 'model-client', string>;

/** Holds all that a try may cost, its earlier calls included. */
export async function holdModelCost(
  connection: Connection,
  place: SpendPlace,
  { task, cost }: { task: TaskRow; cost: string },
  { modelNumberCap, modelClientCap }: Pick<SmsConfig, 'modelNumberCap' | 'modelClientCap'>,
): Promise<HoldVerdict> {
  const { clientId, day } = place;
  // Whoever holds or spends has both rows locked, so that the sums stand still.
  const spent = await addModelSpend(connection, place, '0');
  const exceeds = (spending: string, held: string, cap: string) =>
    new Decimal(spending).plus(held).plus(cost).greaterThan(cap);
  if (exceeds(spent['model-client'], '0', modelClientCap)) return 'client-capped';
  if (exceeds(spent['model-number'], '0', modelNumberCap)) return 'number-capped';
  const [held] = await query<{ of_client: string; of_number: string }>(
    connection,
    loadSql('postgres/queries/sum_reserved_cost'),
    [clientId, day, task.task_id, task.user_id],
  );
  const { of_client: ofClient, of_number: ofNumber } = held ?? { of_client: '0', of_number: '0' };
  if (exceeds(spent['model-client'], ofClient, modelClientCap)) return 'wait';
  if (exceeds(spent['model-number'], ofNumber, modelNumberCap)) return 'wait';
  const sql = loadSql('postgres/queries/reserve_task_cost');
  const rows = await query(connection, sql, [clientId, task.task_id, task.fence, day, cost]);
  return rows.length > 0 ? 'held' : 'lost';
}

/** Counts what was spent; tells what the day comes to. */
export async function addModelSpend(
  connection: Connection,
  { clientId, phone, day }: SpendPlace,
  cost: string,
): Promise<Spent> {
  const sql = loadSql('postgres/queries/add_model_spend');
  const values = [clientId, phone, day, cost];
  const rows = await query<{ scope: keyof Spent; cost: string }>(connection, sql, values);
  return Object.fromEntries(rows.map(({ scope, cost: sum }) => [scope, sum])) as Spent;
}

/** Gives back what a try holds, with its calls booked. */
export async function releaseModelCost(
  connection: Connection,
  clientId: string,
  { task_id, fence }: TaskRow,
): Promise<void> {
  const sql = loadSql('postgres/queries/release_task_cost');
  await query(connection, sql, [clientId, task_id, fence]);
}

/** True where the person is to be told of the cap, which he is once a day. */
export async function noteCapTold(
  connection: Connection,
  clientId: string,
  userId: string,
  day: string,
): Promise<boolean> {
  const sql = loadSql('postgres/queries/note_cap_told');
  return (await query(connection, sql, [clientId, userId, day])).length > 0;
}
