// daybook reprice: price booked calls once more by today's price book, and adjust what differs.
import type { Command } from 'commander';
import { instantOf } from '../../core/calendar.ts';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { createPriceBook } from '../../ingest/pricing/price-book.ts';
import { type RepriceResult, repriceUsage } from '../../ingest/pricing/reprice.ts';
import * as field from '../../ingest/usage/values/fields.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

interface RepriceOptions {
  client: string;
  from: string;
  to?: string;
  model?: string;
  reason: string;
  dryRun?: true;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function registerReprice(program: Command): void {
  program
    .command('reprice')
    .description('price booked calls once more, each by the price of its own time')
    .requiredOption('--client <id>', 'whose calls')
    .requiredOption('--from <time>', 'a business day of the client, or an RFC 3339 time')
    .option('--to <time>', 'the same, excluded (default: now)')
    .option('--model <name>', 'only calls that asked for this model or were served by it')
    .option('--reason <text>', 'why, to be kept with each adjustment', 'The price book changed.')
    .option('--dry-run', 'show what would change, and change nothing')
    .action((options: RepriceOptions) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const client = await requireClient(await context.pipelinePool(), options.client);
        const pool = await context.appPool();
        const price = await createPriceBook(pool)(client.clientId);
        const isDryRun = options.dryRun === true;
        const now = context.now();
        const from = readTime('--from', options.from, client.timeZone);
        const to = options.to === undefined ? now : readTime('--to', options.to, client.timeZone);
        assertOrder(from, to);
        const result = await repriceUsage(pool, price, {
          clientId: client.clientId,
          from,
          to,
          model: options.model,
          isDryRun,
          reason: options.reason,
          now,
        });
        printResult(result, isDryRun);
      }),
    );
}

function printResult(
  { repriceId, calls, changed, models }: RepriceResult,
  isDryRun: boolean,
): void {
  printTable(
    [
      ...['model', 'currency', 'calls', 'changed', 'before', 'after', 'difference'],
      ...['still unknown', 'status'],
    ],
    models.map((model) => [
      model.model,
      model.currency,
      String(model.calls),
      String(model.changed),
      model.unknownBefore === model.calls ? 'unknown' : model.costBefore,
      model.unknownAfter === model.calls ? 'unknown' : model.costAfter,
      model.unknownAfter === model.calls ? '' : model.difference,
      model.unknownAfter === 0 ? '' : String(model.unknownAfter),
      Object.entries(model.statusChanges)
        .map(([change, count]) => `${change}: ${count}`)
        .join(', '),
    ]),
    'There are no calls in that time.',
  );
  const counted = `${changed} of ${calls} calls`;
  console.log(
    isDryRun
      ? `${counted} would be adjusted. Nothing was written.`
      : `${counted} were adjusted${changed === 0 ? '' : ` (reprice ${repriceId})`}.`,
  );
}

function assertOrder(from: Date, to: Date): void {
  if (from < to) return;
  throw new AppError('ERR_USAGE', '--from is not before --to', {
    fix: 'give the first day in --from, and the day after the last in --to (now, if left out)',
  });
}

/** A day means its start in the client's zone. */
function readTime(option: string, text: string, timeZone: string): Date {
  // The reader of event times knows which days there are; Date.parse makes 1 March of 29 February.
  const time = field.time.safeParse(text);
  if (time.success) return new Date(time.data);
  try {
    if (DAY.test(text)) return instantOf(text, '00:00', timeZone);
  } catch {
    // No such day, as the message says.
  }
  throw new AppError('ERR_USAGE', `${option} "${text}" is no day and no time`, {
    fix: 'give a day such as 2025-03-01, or a time such as 2025-03-01T09:30:00Z',
  });
}
