// daybook erase: takes a person out of the books for good, figures excepted, and prints the receipt.
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { listClients, requireClient } from '../../core/clients.ts';
import { AppError, isAppError } from '../../core/errors.ts';
import { erasePerson, listErasures, type Receipt } from '../../ingest/store/erase.ts';
import { type Context, openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

interface EraseOptions {
  user?: string;
  phone?: string;
  client?: string;
  askedBy?: string;
  list?: boolean;
}

export function registerErase(program: Command): void {
  program
    .command('erase')
    .description('erase a person from every store; calls and costs stay under a pseudonym')
    .option('--user <id>', 'by the id that calls name')
    .option('--phone <number>', 'by number, with its country code')
    .option('--client <id>', 'at this client only, not at all of them')
    .option('--asked-by <name>', 'who asks for it, for the receipt', userInfo().username)
    .option('--list', 'print the receipts instead')
    .action((options: EraseOptions) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        if (options.list) printReceipts(await listReceipts(context, options.client));
        else await erase(context, options);
      }),
    );
}

const NUMBER = /^\+[1-9]\d{6,14}$/;

async function erase(context: Context, options: EraseOptions): Promise<void> {
  const { user, phone, client, askedBy = '' } = options;
  if (user === undefined && phone === undefined)
    throw new AppError('ERR_USAGE', 'nobody is named', { fix: 'give --user or --phone' });
  if (phone !== undefined && !NUMBER.test(phone))
    throw new AppError('ERR_USAGE', `"${phone}" is no number such as +13035550101`);
  const pool = await context.pipelinePool();
  const clients =
    client === undefined ? await listClients(pool) : [await requireClient(pool, client)];
  const owner = await context.ownerPool();
  const receipts: Receipt[] = [];
  for (const { clientId } of clients) {
    const request = { clientId, userId: user, phone, askedBy, now: context.now() };
    const found = await erasePerson(owner, request).catch((error: unknown) => {
      // Asked of all clients, most know nothing of him.
      if (client === undefined && isAppError(error, 'ERR_NOT_FOUND')) return [];
      throw error;
    });
    receipts.push(...found);
  }
  if (receipts.length === 0) {
    throw new AppError('ERR_NOT_FOUND', 'no client knows anybody of that id or number', {
      fix: 'whoever was erased already has a receipt: npm run daybook -- erase --list',
    });
  }
  printReceipts(receipts);
  console.log(
    '\nThe warehouse is made anew by the next refresh. Backups made before still hold the person:\n' +
      'let them expire, and erase again after restoring one.',
  );
}

async function listReceipts(context: Context, client: string | undefined): Promise<Receipt[]> {
  const pool = await context.pipelinePool();
  if (client !== undefined) await requireClient(pool, client);
  return listErasures(pool, client ?? null);
}

function printReceipts(receipts: Receipt[]): void {
  printTable(
    ['receipt', 'client', 'booked now as', 'asked by', 'asked at', 'done at', 'rows changed'],
    receipts.map(({ erasureId, clientId, pseudonym, askedBy, askedAt, finishedAt, counts }) => [
      erasureId,
      clientId,
      pseudonym,
      askedBy,
      second(askedAt),
      finishedAt === null ? 'not finished: erase again' : second(finishedAt),
      Object.entries(counts)
        .map(([table, rows]) => `${table} ${rows}`)
        .join(', '),
    ]),
    'Nobody has been erased.',
  );
}

function second(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
