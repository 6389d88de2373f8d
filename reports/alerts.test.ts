// Rules of alerts, on real books and a real mail connection: one mail whatever comes, none twice within
// an hour, none lost where it could not be sent, and nothing in it that is a person's.
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  fixedClock,
  makeTestFolder,
  rememberingLog,
  type TestBooks,
} from '../core/test-support.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../test/smtp-stand-in.ts';
import { type AlertDeps, sendDueAlert } from './alerts.ts';
import { createOutboxMailer, createSmtpMailer } from './mailer.ts';

const folder = makeTestFolder();
let books: TestBooks;
let smtp: SmtpStandIn;
let clock: ReturnType<typeof fixedClock>;
let remembered: ReturnType<typeof rememberingLog>;
let deps: AlertDeps;

beforeAll(async () => {
  books = await createTestBooks();
  for (const clientId of ['acme', 'other']) await addTestClient(books.app, { clientId });
});
afterAll(async () => {
  await books.close();
  folder.remove();
});
beforeEach(async () => {
  await query(books.owner, 'truncate error_logs, runs');
  smtp = await startSmtpStandIn();
  clock = fixedClock('2026-03-01T10:05:00Z');
  remembered = rememberingLog();
  deps = {
    ...{ pool: books.pipeline, mailer: createSmtpMailer(smtp.url), log: remembered.log },
    ...{ mailFrom: 'daybook@acme.example', alertTo: 'oncall@acme.example', now: clock.now },
  };
});
afterEach(() => smtp.close());

interface Fact {
  client?: string | null;
  type?: string;
  code?: string | null;
  message?: string;
  isCritical?: boolean;
  times?: number;
}

async function fail(fact: Fact = {}): Promise<void> {
  const { client = 'acme', type = 'twilio_error', code = '20003', times = 1 } = fact;
  const { message = 'Authenticate', isCritical = true } = fact;
  const ids = Array.from({ length: times }, () => randomUUID());
  await query(
    books.owner,
    `insert into error_logs (client_id, error_id, error_type, code, message, is_critical, occurred_at)
     select $1, error_id, $2, $3, $4, $5, $6 from unnest($7::uuid[]) as ids (error_id)`,
    [client, type, code, message, isCritical, clock.now(), ids],
  );
}

const send = () => sendDueAlert(deps);
const passMinutes = (minutes: number) =>
  clock.set(new Date(clock.now().getTime() + minutes * 60_000).toISOString());
const untold = async () => {
  const sql = 'select count(*)::int as errors from error_logs where alerted_at is null';
  return (await query<{ errors: number }>(books.owner, sql))[0]?.errors;
};
/** The last mail, soft line breaks joined. */
const lastMail = () => (smtp.mails.at(-1)?.data ?? '').replaceAll('=\r\n', '');
const subject = () => /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(lastMail())?.[1]?.replace(/\r\n/g, '');

describe('one mail', () => {
  test('tells of ten thousand critical errors, and of none that is not critical', async () => {
    await fail({ times: 10_000 });
    await fail({ type: 'openai_error', isCritical: false });
    expect(await send()).toBe(10_000);
    expect(smtp.mails).toHaveLength(1);
    expect(smtp.mails[0]?.to).toBe('oncall@acme.example');
    expect(subject()).toBe('Daybook: 10,000 critical errors, twilio_error 20003 at acme');
    expect(await untold()).toBe(1);
    expect(await send()).toBe(0);
  });

  test('groups by client, type and code, with count, times and one message each', async () => {
    await fail({ times: 3, message: 'older' });
    passMinutes(20);
    await fail({ times: 2, message: 'newer' });
    await fail({ client: 'other' });
    await fail({ code: '30002' });
    await fail({ client: null, type: 'database_error', code: null, message: 'no answer' });
    await send();
    expect(smtp.mails).toHaveLength(1);
    expect(subject()).toContain('8 critical errors, twilio_error 20003 at acme and 3 other kinds');
    const text = lastMail();
    expect(text).toContain('twilio_error 20003 at acme: 5 errors, from 1 Mar 2026, 10:05 to 1');
    expect(text).toContain('twilio_error 30002 at acme: 1 error, at 1 Mar 2026, 10:25');
    expect(text).toContain('database_error: 1 error');
    expect(text).toContain('newer');
    expect(text).not.toContain('older');
  });

  test('names twenty kinds and counts the others', async () => {
    for (let code = 0; code < 23; code += 1) await fail({ code: `code-${code}` });
    expect(await send()).toBe(23);
    expect(lastMail().match(/twilio_error code-\d+ at acme: 1 error/g)).toHaveLength(20);
    expect(lastMail()).toContain('And 3 other kinds.');
    expect(await untold()).toBe(0);
  });

  test('holds no number, no word and no key of anybody, in subject, text and HTML', async () => {
    const secrets = ['+12025550123', 'ana@acme.example', `sk-${'a'.repeat(20)}`, 'b'.repeat(32)];
    await fail({ code: secrets[0] ?? '', message: `${secrets.join(' ')} "my dear diary"` });
    await fail({ message: 'Line\r\nBcc: eve@evil.example' });
    await send();
    const mail = lastMail();
    for (const secret of [...secrets, 'diary', 'eve@']) expect(mail).not.toContain(secret);
    expect(mail).not.toMatch(/^Bcc/im);
    // Control: they are in the books of this test.
    const rows = await query(books.owner, 'select message from error_logs');
    expect(JSON.stringify(rows)).toContain('+12025550123');
  });
});

describe('at most one mail an hour', () => {
  test('is sent, however the errors come and whatever hour begins', async () => {
    await fail();
    await send();
    for (let minute = 1; minute < 60; minute += 1) {
      passMinutes(1);
      await fail();
      expect(await send()).toBe(0);
    }
    passMinutes(1);
    expect(await send()).toBe(59);
    expect(smtp.mails).toHaveLength(2);
    passMinutes(240);
    expect(await send()).toBe(0);
    // Control: without the mark that they were told of, they would be told again.
    await query(books.owner, 'update error_logs set alerted_at = null');
    expect(await send()).toBe(60);
  });

  test('is sent by workers that find out at the same moment', async () => {
    await fail({ times: 5 });
    const told = await Promise.all(Array.from({ length: 8 }, send));
    expect(told.filter((errors) => errors > 0)).toEqual([5]);
    expect(smtp.mails).toHaveLength(1);
  });

  test('leaves out what is resolved already', async () => {
    await fail({ times: 2 });
    await query(books.owner, `update error_logs set resolved_at = now(), notes = 'known'`);
    expect(await send()).toBe(0);
    expect(smtp.mails).toHaveLength(0);
  });
});

describe('a mail that could not be sent', () => {
  test.each(['refuse at greeting', '450 at RCPT', '550 at RCPT'] as const)(
    'for "%s" marks nothing and is tried again, with what came since',
    async (behaviour) => {
      smtp.behaviour = behaviour;
      await fail({ times: 2 });
      await expect(send()).rejects.toMatchObject({ code: 'ERR_MAIL' });
      expect(await untold()).toBe(2);
      expect(await send()).toBe(0);
      smtp.behaviour = 'accept';
      await fail();
      passMinutes(1);
      expect(await send()).toBe(3);
      expect(smtp.mails).toHaveLength(1);
      expect(await untold()).toBe(0);
    },
  );

  test('is tried on after a server that is away all day', async () => {
    smtp.behaviour = 'close at greeting';
    await fail();
    for (let minute = 0; minute < 12 * 60; minute += 1) {
      await send().catch(() => undefined);
      passMinutes(1);
    }
    smtp.behaviour = 'accept';
    passMinutes(60);
    expect(await send()).toBe(1);
  }, 60_000);

  test('for all we know counts as sent: nobody is told twice', async () => {
    smtp.behaviour = 'close after the dot';
    await fail();
    expect(await send()).toBe(1);
    smtp.behaviour = 'accept';
    passMinutes(61);
    expect(await send()).toBe(0);
    expect(smtp.mails).toHaveLength(1);
  });

  test('because its sender died before the mark is sent again once the lease is over', async () => {
    await fail();
    await send();
    await query(books.owner, 'update error_logs set alerted_at = null');
    const undone = `update runs set state = 'running', finished_at = null`;
    await query(books.owner, undone);
    expect(await send()).toBe(0);
    passMinutes(11);
    expect(await send()).toBe(1);
    const ids = smtp.mails.map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(2);
  });
});

test('without a mail server the mail is a file of the outbox', async () => {
  const outbox = join(folder.path, 'outbox');
  deps = { ...deps, mailer: createOutboxMailer(outbox) };
  await fail({ times: 4 });
  expect(await send()).toBe(4);
  expect(readdirSync(outbox)).toHaveLength(1);
});

test('without anybody to tell the log says so hourly, and a name is told of all', async () => {
  deps = { ...deps, alertTo: undefined };
  await fail({ times: 4 });
  for (let minute = 0; minute < 60; minute += 1) {
    expect(await send()).toBe(0);
    passMinutes(1);
  }
  const lines = remembered.lines.filter(({ event }) => event === 'alert.nobody_told');
  expect(lines.map(({ errors }) => errors)).toEqual([4, 4]);
  deps = { ...deps, alertTo: 'oncall@acme.example' };
  passMinutes(60);
  expect(await send()).toBe(4);
});
