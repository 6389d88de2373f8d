// Who gets a client's reports: plain mailboxes, each once, none that smuggles a second one in.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks } from '../core/test-support.ts';
import { makeReport, ORDINARY_CALLS } from '../test/make-facts.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../test/smtp-stand-in.ts';
import { createSmtpMailer } from './mailer.ts';
import { composeMail } from './message.ts';
import { addRecipient, listRecipients, removeRecipient } from './subscriptions.ts';

let books: Awaited<ReturnType<typeof createTestBooks>>;
beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await addTestClient(books.app, { clientId: 'globex' });
});
afterAll(() => books.close());
beforeEach(() => query(books.owner, 'truncate recipients cascade'));

const add = (email: string, clientId = 'acme') => addRecipient(books.app, clientId, { email });
const emails = async (clientId = 'acme') =>
  (await listRecipients(books.app, clientId)).map(({ email }) => email);
const HOSTILE = [
  'a@example.com\r\nRCPT TO:<b@example.com>',
  'a@example.com\nBcc: b@example.com',
  'a@example.com,b@example.com',
  'a@example.com;b@example.com',
  'A <a@example.com>',
  '<a@example.com>',
  '"a b"@example.com',
  'a@example.com (comment)',
  'a@[127.0.0.1]',
  'a@localhost',
  'a@-example.com',
  'a@example',
  '@example.com',
  'a@',
  'a b@example.com',
  'a@example.com\u0000',
  'a@exämple.com',
  '{path}@example.com',
  `${'a'.repeat(65)}@example.com`,
  '',
];

test('a mailbox is added once, however it is spelt', async () => {
  expect(await add('ceo@example.com')).toBe(true);
  expect(await add('CEO@Example.com')).toBe(false);
  expect(await emails()).toEqual(['ceo@example.com']);
});

test('a mailbox of one client is none of another', async () => {
  await add('ceo@example.com');
  expect(await emails('globex')).toEqual([]);
  expect(await add('ceo@example.com', 'globex')).toBe(true);
});

test('one that was removed is gone and can come back', async () => {
  await add('ceo@example.com');
  await removeRecipient(books.app, 'acme', 'CEO@example.com', new Date());
  expect(await emails()).toEqual([]);
  expect(await add('ceo@example.com')).toBe(true);
  await expect(
    removeRecipient(books.app, 'acme', 'x@example.com', new Date()),
  ).rejects.toMatchObject({
    code: 'ERR_NOT_FOUND',
  });
});

test.each(HOSTILE)('%j is no mailbox', async (email) => {
  await expect(add(email)).rejects.toMatchObject({ code: 'ERR_USAGE' });
});

test.each([
  'a@example.com',
  'a.b+c@mail.example.co.uk',
  "o'neil@example.com",
  'a_b%c@ex-ample.com',
])('%s is one', async (email) => {
  expect(await add(email)).toBe(true);
});

describe('texts of a report in the heads of a mail', () => {
  let smtp: SmtpStandIn;
  beforeAll(async () => {
    smtp = await startSmtpStandIn();
  });
  afterAll(() => smtp.close());

  test('cannot add a head, a recipient or a part', async () => {
    const hostile = 'x\r\nBcc: b@example.com\r\n\r\nbody\r\n.\r\nRCPT TO:<c@example.com>';
    const report = makeReport(
      ORDINARY_CALLS.map((calls) => ({ ...calls, model: hostile })),
      {
        client: { name: hostile },
      },
    );
    const mail = composeMail(report, {
      from: 'daybook@example.com',
      to: 'ceo@example.com',
      messageId: '<id@example.com>',
      files: [{ format: 'pdf', name: `r\r\nBcc: d@example.com.pdf`, bytes: Buffer.from('pdf') }],
    });
    const mailer = createSmtpMailer(smtp.url);
    expect(await mailer.send({ ...mail, subject: `${mail.subject} ${hostile}` })).toMatchObject({
      outcome: 'sent',
    });
    expect(smtp.mails).toHaveLength(1);
    expect(smtp.offers).toBe(1);
    expect(smtp.mails[0]?.to).toBe('ceo@example.com');
    const heads = smtp.mails[0]?.data.split('\r\n\r\n')[0] ?? '';
    expect(heads).toContain('Subject: ');
    expect(heads).not.toMatch(/^(Bcc|Cc|RCPT)/im);
  });
});

describe('a mail', () => {
  const files = [
    { format: 'html', name: 'r.html', bytes: Buffer.from('html') },
    { format: 'pdf', name: 'r.pdf', bytes: Buffer.from('pdf') },
    { format: 'xlsx', name: 'r.xlsx', bytes: Buffer.from('xlsx') },
  ];
  const options = {
    from: 'd@example.com',
    to: 'c@example.com',
    messageId: '<m@example.com>',
    files,
  };
  const report = makeReport(ORDINARY_CALLS);

  test('attaches PDF and workbook, and tells its key figures in the text part too', () => {
    const mail = composeMail(report, options);
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['r.pdf', 'r.xlsx']);
    expect(mail.text.startsWith(report.content.headline)).toBe(true);
    for (const id of ['cost', 'cost-per-paid-call', 'tokens-per-call']) {
      const text = report.content.keyFigures.find((one) => one.id === id)?.figure.text ?? '';
      expect(mail.text).toContain(text);
      expect(mail.html).toContain(text);
    }
    expect(mail.subject).toContain(report.content.keyFigures[0]?.figure.text);
  });

  test('whose files are too large for a mail goes without them, and says so', () => {
    const large = { format: 'pdf', name: 'r.pdf', bytes: Buffer.alloc(9 * 1024 * 1024) };
    const mail = composeMail(report, { ...options, files: [large] });
    expect(mail.attachments).toEqual([]);
    expect(mail.text).toMatch(/too large/);
    // Control: a small one is attached.
    expect(composeMail(report, options).text).not.toMatch(/too large/);
  });

  test('loads nothing from anywhere: its images come with it', () => {
    const mail = composeMail(report, options);
    const sources = [...mail.html.matchAll(/\b(?:src|background)="([^"]*)"/g)].map(
      ([, source]) => source,
    );
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(mail.images.map(({ cid }) => `cid:${cid}`)).toContain(source);
    }
    expect(mail.html).not.toMatch(/https?:|<script|<link|@import/i);
  });
});
