// The people who text: listed, changed and forgotten by whoever runs Daybook. Counting their requests
// is the tasks' business; a tier is changed so that going down and up again gives no more of them.
import { isTimeZone, spellTimeZone } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import type { Tier } from '../../core/sms-config.ts';
import { loadSql } from '../../core/sql.ts';
import { billingMonth } from '../agent/billing-month.ts';
import type { SuppressionReason } from './consents.ts';
import { forgetUser } from './forget.ts';

export interface SmsUser {
  userId: string;
  phone: string;
  tier: Tier;
  isActive: boolean;
  isAdmin: boolean;
  isExecutive: boolean;
  /** Of the person's month that it is now. */
  monthlyRequests: number;
}

export interface ListedUser extends SmsUser {
  lastActiveAt: Date;
  /** Why nothing is sent to the number. */
  suppression: SuppressionReason | null;
}

export interface SmsUserChanges {
  tier?: Tier;
  isActive?: boolean;
  isAdmin?: boolean;
  isExecutive?: boolean;
  profile?: ProfileChanges;
}

export interface ProfileChanges {
  email?: string;
  fullName?: string;
  locale?: string;
  timeZone?: string;
}

interface UserRow extends Record<string, unknown> {
  user_id: string;
  phone: string;
  tier: Tier;
  is_active: boolean;
  is_admin: boolean;
  is_executive: boolean;
  monthly_requests: number;
  request_month: string | null;
}

/** Everybody who texts the client, the last active first. */
export async function listSmsUsers(pool: Pool, clientId: string, now: Date): Promise<ListedUser[]> {
  interface ListedRow extends UserRow {
    last_active_at: Date;
    suppression: SuppressionReason | null;
    time_zone: string;
  }
  const sql = loadSql('postgres/queries/select_sms_users');
  const rows = await withTransaction(pool, { clientId }, (connection) =>
    query<ListedRow>(connection, sql, [clientId]),
  );
  return rows.map((row) => ({
    ...toUser(row, billingMonth(now, row.time_zone).key),
    lastActiveAt: row.last_active_at,
    suppression: row.suppression,
  }));
}

/**
 * Changes a person, named by pseudonym or number; `beganAnew` where an upgrade set the month's
 * count to 0, which one does in each billing month. Throws ERR_NOT_FOUND; ERR_USAGE for a bad
 * profile.
 */
export async function setSmsUser(
  pool: Pool,
  { clientId, who, now }: { clientId: string; who: string; now: Date },
  changes: SmsUserChanges,
): Promise<{ user: SmsUser; beganAnew: boolean }> {
  const { tier = null, isActive = null, isAdmin = null, isExecutive = null } = changes;
  const profile = checkProfile(changes.profile ?? {});
  return withTransaction(pool, { clientId }, async (connection) => {
    const { userId, timeZone } = await lockUser(connection, clientId, who);
    if (Object.keys(profile).length > 0) await tellProfile(connection, clientId, userId, profile);
    const month = billingMonth(now, profile.timeZone ?? timeZone).key;
    const values = [clientId, userId, tier, isActive, isAdmin, isExecutive, month];
    const sql = loadSql('postgres/queries/update_sms_user');
    const rows = await query<UserRow & { begins_anew: boolean }>(connection, sql, values);
    const row = rows[0] as UserRow & { begins_anew: boolean };
    return { user: toUser(row, month), beganAnew: row.begins_anew };
  });
}

/** What FORGET ME does, without a text; returns the pseudonym that keeps the figures. */
export async function forgetSmsUser(
  pool: Pool,
  { clientId, who, now }: { clientId: string; who: string; now: Date },
): Promise<string> {
  return withTransaction(pool, { clientId }, async (connection) => {
    const { userId } = await lockUser(connection, clientId, who);
    await forgetUser(connection, clientId, { task_id: null, user_id: userId }, now);
    return userId;
  });
}

async function lockUser(
  connection: Connection,
  clientId: string,
  who: string,
): Promise<{ userId: string; timeZone: string }> {
  const sql = loadSql('postgres/queries/select_sms_user');
  const rows = await query<{ user_id: string; time_zone: string }>(connection, sql, [
    clientId,
    who,
  ]);
  const [row] = rows;
  if (row !== undefined) return { userId: row.user_id, timeZone: row.time_zone };
  throw new AppError('ERR_NOT_FOUND', `nobody known as "${who}" texts client "${clientId}"`, {
    fix: `give a user or a number of: npm run daybook -- users list --client ${clientId}`,
  });
}

async function tellProfile(
  connection: Connection,
  clientId: string,
  userId: string,
  { email = null, fullName = null, locale = null, timeZone = null }: Nullable<ProfileChanges>,
): Promise<void> {
  const values = [clientId, userId, email, fullName, locale, timeZone];
  await query(connection, loadSql('postgres/queries/upsert_profile'), values);
}

type Nullable<Fields> = { [Name in keyof Fields]: Fields[Name] | null };

function toUser(row: UserRow, month: string): SmsUser {
  return {
    userId: row.user_id,
    phone: row.phone,
    tier: row.tier,
    isActive: row.is_active,
    isAdmin: row.is_admin,
    isExecutive: row.is_executive,
    monthlyRequests: (row.request_month ?? '') >= month ? row.monthly_requests : 0,
  };
}

// As the table's own checks are, but said in words.
const EMAIL = /^[^@\s]+@[^@\s]+$/;
const EMAIL_LENGTH_MAX = 320;
const NAME_LENGTH_MAX = 200;
const LOCALE = /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,8}$/;

function checkProfile(profile: ProfileChanges): ProfileChanges {
  const { email, fullName, locale, timeZone } = profile;
  const problems: string[] = [];
  if (email !== undefined && !(EMAIL.test(email) && email.length <= EMAIL_LENGTH_MAX))
    problems.push(`"${email}" is no mail address`);
  if (fullName !== undefined && !(/\S/.test(fullName) && fullName.length <= NAME_LENGTH_MAX))
    problems.push(`the name must have 1 to ${NAME_LENGTH_MAX} characters`);
  if (locale !== undefined && !isLocale(locale))
    problems.push(`"${locale}" is no locale such as en-US`);
  if (timeZone !== undefined && !isTimeZone(timeZone))
    problems.push(`"${timeZone}" is no time zone such as Europe/Vienna`);
  if (problems.length > 0) throw new AppError('ERR_USAGE', problems.join('; '));
  return timeZone === undefined ? profile : { ...profile, timeZone: spellTimeZone(timeZone) };
}

function isLocale(text: string): boolean {
  try {
    return LOCALE.test(text) && Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}
