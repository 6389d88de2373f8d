// daybook prices sync | set | import | list
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { type Pool, withTransaction } from '../../core/postgres.ts';
import type { RecordedCard } from '../../ingest/pricing/cards.ts';
import {
  MATCHES,
  readPriceFile,
  type SetPrice,
  setPrices,
} from '../../ingest/pricing/set-price.ts';
import { loadCards } from '../../ingest/pricing/stored-cards.ts';
import { syncPrices } from '../../ingest/pricing/sync.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { describeAdded, tablePrices } from '../price-lists.ts';
import { printTable } from '../print.ts';

interface SetOptions {
  client: string;
  provider: string;
  model: string;
  match: string;
  unit: string[];
  price: string[];
  per?: string[];
  tier?: string[];
  above?: string[];
  currency: string;
  from?: string;
  to?: string;
}

export function registerPrices(program: Command): void {
  const prices = program.command('prices').description('what calls cost, by model and time');
  prices
    .command('sync')
    .description('add what is new in the installed price catalogue; nothing is changed or removed')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await context.migrate();
        const owner = await context.ownerPool();
        const { version, added, ended } = await syncPrices(owner, context.now());
        const endings = ended === 0 ? '' : `, ${ended} models ended`;
        console.log(`genai-prices ${version}: ${added} new cards${endings}.`);
      }),
    );
  registerSet(prices);
  prices
    .command('import <file>')
    .description('set a list of prices, as in ingest/pricing/example-prices.json')
    .requiredOption('--client <id>', 'whose prices they are')
    .action((file: string, options: { client: string }) =>
      runWithLifecycle((lifecycle) =>
        runSet(openContext(lifecycle, { quiet: true }), options.client, readPriceFile(file)),
      ),
    );
  prices
    .command('list')
    .description('list the prices that were recorded, the oldest first')
    .option('--client <id>', 'its own prices (default: the shared ones)')
    .option('--model <text>', 'only models whose name holds this')
    .action((options: { client?: string; model?: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const { client } = options;
        if (client !== undefined) await requireClient(await context.pipelinePool(), client);
        const cards = await readCards(await context.appPool(), client);
        printCards(cards.filter(({ model }) => model.includes(options.model ?? '')));
      }),
    );
}

function registerSet(prices: Command): void {
  prices
    .command('set')
    .description(
      'set a client’s own price of a model; name all its units, also of the cache, at once',
    )
    .requiredOption('--client <id>', 'whose price it is')
    .requiredOption('--provider <name>', 'as its calls name it, or as the price list does')
    .requiredOption('--model <name>', 'the model, or a part of its name')
    .option('--match <how>', `how names are compared: ${MATCHES.join(', ')}`, 'equals')
    .requiredOption('--unit <names...>', 'what is priced, such as input_tokens output_tokens')
    .requiredOption('--price <amounts...>', 'the price of each unit, in the same order')
    .option('--per <numbers...>', 'the price is for so many; one for all, or one each (default: 1)')
    .option('--tier <names...>', 'service tier; one for all, or one each (default: standard)')
    .option('--above <tokens...>', 'from an input of more than so many; one for all, or one each')
    .option('--currency <code>', 'currency of the prices', 'USD')
    .option('--from <time>', 'valid from a day (UTC) or RFC 3339 time (default: always)')
    .option('--to <time>', 'valid until then, excluded (default: for good)')
    .action((options: SetOptions) =>
      runWithLifecycle((lifecycle) =>
        runSet(openContext(lifecycle, { quiet: true }), options.client, [toSetPrice(options)]),
      ),
    );
}

async function runSet(
  context: ReturnType<typeof openContext>,
  clientId: string,
  prices: SetPrice[],
): Promise<void> {
  await requireClient(await context.pipelinePool(), clientId);
  const added = await setPrices(await context.appPool(), clientId, prices, context.now());
  console.log(
    added.length === 0
      ? 'These prices are set already; nothing was added.'
      : describeAdded(clientId, added),
  );
}

function toSetPrice(options: SetOptions): SetPrice {
  const { unit: units, price, per, tier, above, match, client: _, ...rest } = options;
  const each = (name: string, values: string[], place: number) => {
    if (values.length === units.length) return values[place];
    if (values.length === 1 && name !== 'price') return values[0];
    throw new AppError(
      'ERR_USAGE',
      `--${name} has ${values.length} of the ${units.length} values that --unit asks for`,
      {
        fix: `give ${name === 'price' ? '' : 'one for all units, or '}one for each, in their order`,
      },
    );
  };
  const rates = units.map((unit, place) => ({
    unit,
    price: each('price', price, place) ?? '',
    per: each('per', per ?? ['1'], place) ?? '',
    tier: each('tier', tier ?? ['standard'], place) ?? '',
    above: each('above', above ?? ['0'], place) ?? '',
  }));
  return { ...rest, match: match as (typeof MATCHES)[number], rates };
}

async function readCards(pool: Pool, clientId: string | undefined): Promise<RecordedCard[]> {
  if (clientId === undefined) return loadCards(pool, null);
  return withTransaction(pool, { clientId }, (connection) => loadCards(connection, clientId));
}

function printCards(cards: RecordedCard[]): void {
  const { heads, rows, source } = tablePrices(cards);
  printTable(heads, rows, 'There is no such price.');
  if (source !== null) console.log(`\nAll from ${source}.`);
}
