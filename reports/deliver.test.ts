// A mail goes out once per revision and recipient, over a real SMTP conversation that fails at every
// step; what nobody can know is called uncertain and never sent again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { createDeliveryBench, type DeliveryBench } from '../test/delivery-bench.ts';
import { ORDINARY_CALLS } from '../test/make-facts.ts';
import type { Behaviour } from '../test/smtp-stand-in.ts';
import { queueDeliveries, sendDueDeliveries } from './deliver.ts';
import { addRecipient, removeRecipient } from './subscriptions.ts';

let bench: DeliveryBench;
beforeAll(async () => {
  bench = await createDeliveryBench();
});
afterAll(() => bench.close());
beforeEach(() => bench.reset());

const send = () => sendDueDeliveries(bench.deps);

describe('a mail', () => {
  test('goes once to each recipient of the period’s kind, with the archived bytes', async () => {
    await addRecipient(bench.books.app, 'acme', { email: 'cfo@example.com' });
    await addRecipient(bench.books.app, 'acme', {
      email: 'monthly@example.com',
      periodKinds: ['month'],
    });
    await bench.publish();
    expect(await send()).toMatchObject({ sent: 2 });
    expect(bench.smtp.mails.map(({ to }) => to)).toEqual(['ceo@example.com', 'cfo@example.com']);
    expect(bench.smtp.mails[0]?.data).toContain(
      Buffer.from('the bytes of a PDF').toString('base64'),
    );
    expect(new Set(bench.smtp.mails.map(({ messageId }) => messageId)).size).toBe(2);
    for (const { data } of bench.smtp.mails) expect(data).not.toMatch(/^(Bcc|Cc):/im);
  });

  test('is not sent again when the same revision is queued and sent again', async () => {
    const revision = await bench.publish();
    await send();
    expect(await queueDeliveries(bench.deps, revision)).toBe(0);
    bench.passMinutes(10_000);
    await send();
    expect(bench.smtp.mails).toHaveLength(1);
  });

  test('of the next revision is another mail', async () => {
    await bench.publish();
    await send();
    await bench.publish([...ORDINARY_CALLS, { date: '2025-03-13' }]);
    await send();
    expect(bench.smtp.mails).toHaveLength(2);
    expect(bench.smtp.mails[0]?.messageId).not.toBe(bench.smtp.mails[1]?.messageId);
  });

  test('goes out once from eight senders at the same time', async () => {
    for (let index = 0; index < 10; index += 1) {
      await addRecipient(bench.books.app, 'acme', { email: `r${index}@example.com` });
    }
    await bench.publish();
    await Promise.all(Array.from({ length: 8 }, () => send()));
    expect(bench.smtp.mails).toHaveLength(11);
    expect(new Set(bench.smtp.mails.map(({ to }) => to)).size).toBe(11);
  });

  test('does not go to a recipient who was removed after it was queued', async () => {
    await addRecipient(bench.books.app, 'acme', { email: 'cfo@example.com' });
    await bench.publish();
    await removeRecipient(bench.books.app, 'acme', 'ceo@example.com', bench.deps.now());
    expect(await send()).toMatchObject({ sent: 1, failed: 1 });
    expect(bench.smtp.mails.map(({ to }) => to)).toEqual(['cfo@example.com']);
  });
});

test('sent for one client, the mail of others is left alone', async () => {
  await bench.publish();
  expect(await sendDueDeliveries(bench.deps, ['another'])).toMatchObject({ sent: 0 });
  expect(await bench.states()).toMatchObject([{ state: 'pending' }]);
  expect(await sendDueDeliveries(bench.deps, ['acme'])).toMatchObject({ sent: 1 });
});

describe('what the server answers', () => {
  test.each<[Behaviour]>([
    ['450 at RCPT'],
    ['450 after the dot'],
    ['refuse at greeting'],
    ['554 at greeting'],
    // Nothing of the mail was sent yet: it cannot have been accepted.
    ['close at greeting'],
    ['close at MAIL'],
    ['close at DATA'],
  ])('%s is tried again after a minute, with the same Message-ID', async (behaviour) => {
    await bench.publish();
    bench.smtp.behaviour = behaviour;
    expect(await send()).toMatchObject({ retry: 1, sent: 0 });
    const [before] = await bench.states();
    expect(before).toMatchObject({ state: 'pending' });
    bench.smtp.behaviour = 'accept';
    expect(await send()).toMatchObject({ sent: 0 });
    bench.passMinutes(1);
    expect(await send()).toMatchObject({ sent: 1 });
    expect(bench.smtp.mails.map(({ messageId }) => messageId)).toEqual([before?.message_id]);
    expect(await bench.states()).toMatchObject([{ state: 'sent', attempts: 2 }]);
  });

  test('450 for five days is given up', async () => {
    await bench.publish();
    bench.smtp.behaviour = '450 at RCPT';
    for (let hours = 0; hours < 5 * 24; hours += 4) {
      expect(await send(), `after ${hours} h`).toMatchObject({ retry: 1 });
      bench.passMinutes(240);
    }
    bench.passMinutes(5);
    expect(await send()).toMatchObject({ failed: 1 });
    bench.smtp.behaviour = 'accept';
    bench.passMinutes(10_000);
    await send();
    expect(bench.smtp.mails).toEqual([]);
  });

  test.each<[Behaviour]>([['550 at RCPT'], ['550 after the dot']])(
    '%s is final',
    async (behaviour) => {
      await bench.publish();
      bench.smtp.behaviour = behaviour;
      expect(await send()).toMatchObject({ failed: 1 });
      bench.smtp.behaviour = 'accept';
      bench.passMinutes(10_000);
      expect(await send()).toEqual({ sent: 0, retry: 0, failed: 0, uncertain: 0 });
      expect(await bench.states()).toMatchObject([
        { state: 'failed', response: expect.stringContaining('550') },
      ]);
    },
  );

  test('nothing, after the dot, is uncertain: the mail is never sent again', async () => {
    await bench.publish();
    bench.smtp.behaviour = 'close after the dot';
    expect(await send()).toMatchObject({ uncertain: 1 });
    bench.smtp.behaviour = 'accept';
    bench.passMinutes(10_000);
    await send();
    expect(bench.smtp.mails).toHaveLength(1);
    expect(await bench.states()).toMatchObject([{ state: 'uncertain' }]);
  });

  test('nothing at all, for it is not there, is tried again', async () => {
    await bench.publish();
    await bench.smtp.close();
    expect(await send()).toMatchObject({ retry: 1 });
  });
});

/** What we do not do: send first, and write it down afterwards. */
async function sendThenMark(): Promise<void> {
  const [row] = await query<{ message_id: string }>(
    bench.books.pipeline,
    `select message_id from deliveries where state = 'pending'`,
  );
  if (row === undefined) return;
  await bench.deps.mailer.send({
    from: bench.deps.mailFrom,
    to: 'ceo@example.com',
    messageId: row.message_id,
    subject: 's',
    text: 't',
    html: '<p>h</p>',
    attachments: [],
    images: [],
    headers: {},
  });
  await query(bench.books.pipeline, `update deliveries set state = 'sent' where state = 'pending'`);
}

describe('control: send, then mark', () => {
  test.each<[Behaviour]>([['close after the dot'], ['accept']])(
    'duplicates a mail when the end is not written down (%s)',
    async (behaviour) => {
      await bench.publish();
      bench.smtp.behaviour = behaviour;
      // The mark is lost with the process, or the server's answer is.
      await query(
        bench.books.owner,
        'create or replace rule no_mark as on update to deliveries do instead nothing',
      );
      await sendThenMark();
      await query(bench.books.owner, 'drop rule no_mark on deliveries');
      bench.smtp.behaviour = 'accept';
      await sendThenMark();
      expect(bench.smtp.mails).toHaveLength(2);
      expect(bench.smtp.mails[0]?.messageId).toBe(bench.smtp.mails[1]?.messageId);
    },
  );
});

describe('a sender that is killed in the middle', () => {
  /** Another process that claims the delivery, offers the mail and is killed before the answer. */
  async function killBetweenDotAndAnswer(): Promise<void> {
    bench.smtp.behaviour = 'stall after the dot';
    const file = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const url = deriveRoleUrl(bench.books.ownerUrl, PIPELINE_ROLE);
    const code = `
      import { createPool } from ${file('../core/postgres.ts')};
      import { createLog } from ${file('../core/log.ts')};
      import { createSmtpMailer } from ${file('./mailer.ts')};
      import { sendDueDeliveries } from ${file('./deliver.ts')};
      const log = createLog({ level: 'error' });
      const pool = createPool({ url: ${JSON.stringify(url)}, applicationName: 'tests', log });
      const now = () => new Date(${bench.deps.now().getTime()});
      const archiveDir = ${JSON.stringify(bench.deps.archiveDir)};
      await sendDueDeliveries({ pool, now, log, archiveDir,
        mailFrom: 'daybook@example.com', mailer: createSmtpMailer(${JSON.stringify(bench.smtp.url)}) });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: 'inherit',
    });
    await expect.poll(() => bench.smtp.mails.length, { timeout: 15_000, interval: 20 }).toBe(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  test('leaves a claim; after its lease the mail is uncertain and not sent again', async () => {
    await bench.publish();
    await killBetweenDotAndAnswer();
    expect(await bench.states()).toMatchObject([{ state: 'sending', attempts: 1 }]);
    bench.smtp.behaviour = 'accept';
    bench.passMinutes(19);
    expect(await send()).toEqual({ sent: 0, retry: 0, failed: 0, uncertain: 0 });
    bench.passMinutes(2);
    expect(await send()).toMatchObject({ uncertain: 1, sent: 0 });
    bench.passMinutes(10_000);
    await send();
    expect(bench.smtp.mails).toHaveLength(1);
  });
});
