// The outbox stands in where no mail server is configured: one file per mail, and a sender that was
// killed can be told what became of its mail.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { createDeliveryBench, type DeliveryBench } from '../test/delivery-bench.ts';
import { sendDueDeliveries } from './deliver.ts';
import { createOutboxMailer } from './mailer.ts';

let bench: DeliveryBench;
beforeAll(async () => {
  bench = await createDeliveryBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.reset();
  bench.deps.mailer = createOutboxMailer(bench.outboxDir);
});

const send = () => sendDueDeliveries(bench.deps);
const leaveClaimed = () =>
  query(bench.books.owner, `update deliveries set state = 'sending', next_attempt_at = $1`, [
    bench.deps.now(),
  ]);

test('holds one file per mail, with the archived bytes, and nothing is sent', async () => {
  await bench.publish();
  expect(await send()).toMatchObject({ sent: 1 });
  const [file] = readdirSync(bench.outboxDir);
  expect(readdirSync(bench.outboxDir)).toEqual([expect.stringMatching(/\.eml$/)]);
  const mail = readFileSync(join(bench.outboxDir, file ?? ''), 'utf8');
  expect(mail).toContain('To: ceo@example.com');
  expect(mail).toContain(Buffer.from('the bytes of a PDF').toString('base64'));
  expect(bench.smtp.offers).toBe(0);
});

test('tells whether a sender that was killed had written its mail: then it was sent', async () => {
  await bench.publish();
  await send();
  await leaveClaimed();
  bench.passMinutes(21);
  expect(await send()).toEqual({ sent: 1, retry: 0, failed: 0, uncertain: 0 });
  expect(readdirSync(bench.outboxDir)).toHaveLength(1);
});

test('or not: then it is written now', async () => {
  await bench.publish();
  await leaveClaimed();
  bench.passMinutes(21);
  expect(await send()).toMatchObject({ retry: 1 });
  bench.passMinutes(1);
  expect(await send()).toMatchObject({ sent: 1 });
});

test('is no place to write outside of, whatever a Message-ID holds', async () => {
  const id = '<../../escaped@example.com>';
  const mail = {
    from: bench.deps.mailFrom,
    to: 'ceo@example.com',
    messageId: id,
    subject: 's',
    text: 't',
    html: '',
    attachments: [],
    images: [],
    headers: {},
  };
  await bench.deps.mailer.send(mail);
  expect(readdirSync(bench.outboxDir)).toHaveLength(1);
  expect(await bench.deps.mailer.wasAccepted(id)).toBe(true);
});
