// daybook demo [FILE]: the whole way in one command, from events sent over HTTP to archived reports
// and mails in the outbox; on the shipped trace, or on a file of one's own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';
import type { Command } from 'commander';
import {
  localDate,
  PERIOD_KINDS,
  type PeriodKind,
  periodContaining,
  spellTimeZone,
} from '../../core/calendar.ts';
import { addClient, type Client, requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { startStep } from '../../core/progress.ts';
import { readTrace } from '../../demo/trace.ts';
import { importFile, readItems } from '../../ingest/import.ts';
import { createUsageStore } from '../../ingest/store/usage-events.ts';
import { refreshWarehouse } from '../../pipeline/refresh.ts';
import { FORMATS } from '../../reports/catalog.ts';
import { queueDeliveries, sendDueDeliveries } from '../../reports/deliver.ts';
import { createOutboxMailer } from '../../reports/mailer.ts';
import type { Published } from '../../reports/publish.ts';
import { addRecipient } from '../../reports/subscriptions.ts';
import { type Context, openContext, PROJECT_DIR } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { makeReport } from '../make-report.ts';
import { printTable } from '../print.ts';
import { sendOverHttp } from '../send-over-http.ts';
import { runTextDemo, sumTexts, TEXTS_CLIENT, type TextTotals } from '../text-demo.ts';
import { summariseUsage, type UsageSummary } from '../usage-summary.ts';
import { deliverDeps } from './send.ts';

interface DemoPlan {
  clients: Client[];
  /** The reports to make, by client. */
  periods: Record<string, string[]>;
  hasTexts: boolean;
}

interface ClientOutcome extends UsageSummary {
  client: string;
  timezone: string;
  artifacts: Artifact[];
}

interface Artifact {
  report: string;
  period: string;
  format: string;
  path: string;
  bytes: number;
  sha256: string;
}

interface Outcome {
  clients: ClientOutcome[];
  texts?: TextTotals & { artifacts: Artifact[] };
}

const CLIENTS: Client[] = [
  ['demo-utc', 'Northwind Assist', 'UTC'],
  ['demo-new-york', 'Northwind Assist New York', 'America/New_York'],
  ['demo-kolkata', 'Northwind Assist Kolkata', 'Asia/Kolkata'],
].map(([clientId = '', name = '', timeZone = '']) => {
  return { clientId, name, timeZone, weekStart: 1, currency: 'USD', locale: 'en-US' };
});
const PERIODS = ['2025-03-18', '2025-W11', '2025-02'];
const TEXT_PERIODS = ['2025-03-18', '2025-W12', '2025-03'];
// A name that no mail server on earth accepts (RFC 2606).
const RECIPIENT = 'executive@daybook.example';

export function registerDemo(program: Command): void {
  program
    .command('demo [file]')
    .description('from 3,750 real LLM calls, or a file of your own, to archived and mailed reports')
    .option(
      '--zone <zone>',
      'time zone of your own file',
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .action((file: string | undefined, options: { zone: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await runDemo(context, file, options.zone);
      }),
    );
}

async function runDemo(context: Context, file: string | undefined, zone: string): Promise<void> {
  const timings: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    timings[name] = Math.round(performance.now() - started);
    return result;
  };
  console.log('');
  await timed('books', () => openBooks(context));
  const plan = await timed('ingest', () =>
    file === undefined ? ingestTrace(context) : ingestFile(context, file, zone),
  );
  const outcomes = await context.withWarehouse(async (warehouse) => {
    const pool = await context.pipelinePool();
    const refresh = startStep(process.stdout, 'Copy, roll up, check');
    const copied = await timed('pipeline', () =>
      refreshWarehouse({ pool, warehouse, log: context.log }),
    );
    refresh.finish(`${copied.copiedRows} rows of calls and clients, all checks passed`);
    const made = await timed('reports', () => makeAll(context, warehouse, plan));
    await timed('mail', () => mailAll(context, made));
    const textArtifacts = artifactsOf(context, TEXTS_CLIENT, made);
    return {
      clients: await Promise.all(
        plan.clients.map((client) => outcomeOf(context, warehouse, client, made)),
      ),
      ...(plan.hasTexts
        ? { texts: { ...(await sumTexts(context)), artifacts: textArtifacts } }
        : {}),
    };
  });
  writeSummary(context, outcomes, timings);
}

async function openBooks(context: Context): Promise<void> {
  const step = startStep(process.stdout, 'Open the books');
  await context.migrate();
  await context.pipelinePool();
  step.finish(context.isEmbedded ? 'embedded Postgres' : 'a Postgres of your own');
}

async function ingestTrace(context: Context): Promise<DemoPlan> {
  const events = readTrace();
  for (const client of CLIENTS) {
    await addDemoClient(context, client);
    await sendOverHttp(context, client.clientId, events);
  }
  await addDemoClient(context, TEXTS_CLIENT);
  await runTextDemo(context);
  const ofTrace = CLIENTS.map(({ clientId }) => [clientId, PERIODS]);
  const periods = Object.fromEntries([...ofTrace, [TEXTS_CLIENT.clientId, TEXT_PERIODS]]);
  return { clients: CLIENTS, periods, hasTexts: true };
}

async function addDemoClient(context: Context, client: Client): Promise<void> {
  const pool = await context.appPool();
  await addClient(pool, client, context.now());
  await addRecipient(pool, client.clientId, { email: RECIPIENT });
}

/** A person's own events: their day, week and month are the last that the file holds. */
async function ingestFile(context: Context, path: string, timeZone: string): Promise<DemoPlan> {
  const { count, last, currency } = await surveyFile(path);
  const name = basename(path, extname(path));
  const clientId = `my-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`
    .replace(/-+$/, '')
    .slice(0, 63);
  const client: Client = { clientId, name, timeZone, weekStart: 1, currency, locale: 'en-US' };
  await addDemoClient(context, client);
  const kept = await requireClient(await context.pipelinePool(), clientId);
  if (kept.timeZone !== spellTimeZone(timeZone) || kept.currency !== currency) {
    const counts = `${kept.timeZone} and ${kept.currency}`;
    throw new AppError(
      'ERR_EXISTS',
      `client ${clientId} is there already and counts in ${counts}`,
      {
        fix: `give --zone ${kept.timeZone}, or rename the file to get another client`,
      },
    );
  }
  const step = startStep(process.stdout, `Book ${basename(path)}`, count);
  const storeUsage = createUsageStore(await context.appPool());
  const counts = await importFile({
    path,
    clientId,
    storeUsage,
    onBatch: ({ accepted, duplicate, conflict, rejected }, problems) => {
      for (const { line, problem } of problems.slice(0, 5))
        console.error(`\n  line ${line}: ${problem}`);
      step.advance(accepted + duplicate + conflict + rejected);
    },
  });
  step.finish(
    `${counts.accepted} accepted, ${counts.duplicate} there already, ${counts.rejected + counts.conflict} refused`,
  );
  const date = localDate(last, timeZone);
  const periods = PERIOD_KINDS.map((kind: PeriodKind) => periodContaining(kind, date, 1).key);
  return { clients: [client], periods: { [clientId]: periods }, hasTexts: false };
}

async function surveyFile(path: string): Promise<{ count: number; last: Date; currency: string }> {
  let last = '';
  let count = 0;
  let currency: string | undefined;
  for await (const { item } of readItems(path)) {
    count += 1;
    if (!('event' in item)) continue;
    const instant = new Date(item.event.occurredAt).toISOString();
    if (instant > last) last = instant;
    currency ??= item.event.currency ?? undefined;
  }
  if (last !== '') return { count, last: new Date(last), currency: currency ?? 'USD' };
  throw new AppError('ERR_INPUT', `${path} holds no event that can be booked`, {
    fix: 'run "npm run daybook -- import" on it to see each line’s problem',
  });
}

async function makeAll(
  context: Context,
  warehouse: Parameters<typeof makeReport>[1],
  plan: DemoPlan,
): Promise<Published[]> {
  const requests = Object.entries(plan.periods).flatMap(([clientId, periods]) =>
    periods.map((period) => ({ clientId, period })),
  );
  const step = startStep(process.stdout, 'Make and archive reports', requests.length);
  const made: Published[] = [];
  for (const request of requests) {
    made.push(
      await makeReport(context, warehouse, { report: 'executive', formats: FORMATS, ...request }),
    );
    step.advance(made.length);
  }
  const fresh = made.filter(({ revision }) => revision.isNew).length;
  step.finish(`${fresh} new, ${made.length - fresh} unchanged, each as HTML, PDF and Excel`);
  return made;
}

async function mailAll(context: Context, made: Published[]): Promise<void> {
  const step = startStep(process.stdout, 'Mail to the outbox');
  const deps = await deliverDeps(context, createOutboxMailer(context.paths.outbox));
  for (const { revision } of made) await queueDeliveries(deps, revision);
  // Only the demo's own mail goes to the outbox; others' may have to go by SMTP.
  const own = made.map(({ revision }) => revision.content.client.id);
  const { sent } = await sendDueDeliveries(deps, own);
  step.finish(`${sent} mails written, none sent`);
}

async function outcomeOf(
  context: Context,
  warehouse: Parameters<typeof makeReport>[1],
  client: Client,
  made: Published[],
): Promise<ClientOutcome> {
  return {
    client: client.clientId,
    timezone: client.timeZone,
    ...(await summariseUsage(warehouse, client)),
    artifacts: artifactsOf(context, client, made),
  };
}

function artifactsOf({ paths }: Context, { clientId }: Client, made: Published[]): Artifact[] {
  const own = made.filter(({ revision }) => revision.content.client.id === clientId);
  return own.flatMap(({ revision, entries }) =>
    entries.map((entry) => ({
      report: revision.content.report,
      period: revision.content.period.key,
      format: entry.format,
      path: relative(PROJECT_DIR, join(paths.archive, entry.path)),
      bytes: entry.byteCount,
      sha256: entry.sha256,
    })),
  );
}

function writeSummary(
  context: Context,
  { clients, texts }: Outcome,
  timings: Record<string, number>,
): void {
  const path = join(context.paths.demo, 'summary.json');
  mkdirSync(context.paths.demo, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ clients, texts, timings_ms: timings }, null, 2)}\n`);
  console.log('');
  printTable(
    ['client', 'time zone', 'requests', 'input tokens', 'output tokens', 'reported cost'],
    clients.map(({ client, timezone, totals }) => [
      client,
      timezone,
      String(totals.requests),
      String(totals.input_tokens),
      String(totals.output_tokens),
      totals.cost,
    ]),
  );
  if (texts !== undefined) {
    const { received, answered, delivered, cost } = texts;
    console.log(
      `\nTexts    ${received} received, ${answered} answered, ${delivered} sent and delivered, ` +
        `cost $${cost} with the model's`,
    );
  }
  console.log('\nReports');
  for (const { artifacts } of [...clients, ...(texts === undefined ? [] : [texts])])
    for (const { path: artifact } of artifacts) console.log(`  ${artifact}`);
  console.log(`\nMails    ${relative(PROJECT_DIR, context.paths.outbox)}/*.eml`);
  console.log(`Summary  ${relative(PROJECT_DIR, path)}\n`);
}
