// What the tests of delivery share: books with a client and a recipient, an SMTP stand-in, a clock and
// an archived report that is ready to be mailed.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  fixedClock,
  makeTestFolder,
  silentLog,
} from '../core/test-support.ts';
import { archiveBytes, freezeRevision, type Revision } from '../reports/archive.ts';
import { type DeliverDeps, queueDeliveries } from '../reports/deliver.ts';
import { createSmtpMailer } from '../reports/mailer.ts';
import { addRecipient } from '../reports/subscriptions.ts';
import { type Calls, makeReport, ORDINARY_CALLS } from './make-facts.ts';
import { type SmtpStandIn, startSmtpStandIn } from './smtp-stand-in.ts';

const RUN = '00000000-0000-4000-8000-000000000001';

export interface DeliveryBench {
  books: Awaited<ReturnType<typeof createTestBooks>>;
  smtp: SmtpStandIn;
  deps: DeliverDeps;
  outboxDir: string;
  /** Empties books, archive and outbox, and starts a new stand-in. Call it in `beforeEach`. */
  reset(): Promise<void>;
  passMinutes(minutes: number): void;
  /** Freezes and archives a report, and queues its mails. */
  publish(calls?: Calls[]): Promise<Revision>;
  /** The deliveries as they are on record. */
  states(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Makes the bench. Close it in `afterAll`. */
export async function createDeliveryBench(): Promise<DeliveryBench> {
  const folder = makeTestFolder();
  const books = await createTestBooks();
  await addTestClient(books.app);
  let clock = fixedClock(new Date().toISOString());
  const bench: DeliveryBench = {
    books,
    smtp: await startSmtpStandIn(),
    outboxDir: join(folder.path, 'outbox'),
    deps: {
      pool: books.pipeline,
      archiveDir: join(folder.path, 'archive'),
      mailFrom: 'daybook@example.com',
      now: () => clock.now(),
      mailer: createSmtpMailer('smtp://127.0.0.1:9'),
      log: silentLog(),
    },
    reset: async () => {
      await bench.smtp.close();
      await query(books.owner, 'truncate report_revisions, recipients cascade');
      rmSync(folder.path, { recursive: true, force: true });
      bench.smtp = await startSmtpStandIn();
      bench.deps.mailer = createSmtpMailer(bench.smtp.url);
      // Deliveries are stamped by Postgres, so the clock starts beside it.
      clock = fixedClock(new Date(Date.now() + 1_000).toISOString());
      await addRecipient(books.app, 'acme', { email: 'ceo@example.com' });
    },
    passMinutes: (minutes) => {
      clock.set(new Date(clock.now().getTime() + minutes * 60_000).toISOString());
    },
    publish: (calls = ORDINARY_CALLS) => publish(bench.deps, calls),
    states: () =>
      query(
        books.pipeline,
        `select state, attempts, message_id, response from deliveries
         order by recipient_id, created_at`,
      ),
    close: async () => {
      await bench.smtp.close();
      await books.close();
      folder.remove();
    },
  };
  return bench;
}

async function publish(deps: DeliverDeps, calls: Calls[]): Promise<Revision> {
  const composed = { content: makeReport(calls).content, asOf: '2025-03-17T06:00:00.000Z' };
  const revision = await freezeRevision(deps.pool, composed, RUN, deps.now());
  const bytes = Buffer.from('the bytes of a PDF');
  await archiveBytes(deps.pool, deps.archiveDir, revision, 'pdf', bytes);
  await queueDeliveries(deps, revision);
  return revision;
}
