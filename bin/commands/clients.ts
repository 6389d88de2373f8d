// daybook clients add | set | zone | list
import type { Command } from 'commander';
import { type ClientZone, changeZone, describeZones, listZones } from '../../core/client-zones.ts';
import {
  addClient,
  type Client,
  listClients,
  OUTLIER_MULTIPLE,
  parseWeekStart,
  requireClient,
  setOutlierMultiple,
  WEEK_DAYS,
} from '../../core/clients.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

interface AddOptions {
  name?: string;
  zone: string;
  weekStart: string;
  currency: string;
  locale: string;
  outlierMultiple: string;
}

export function registerClients(program: Command): void {
  const clients = program.command('clients').description('the companies whose calls are booked');
  clients
    .command('add <id>')
    .description('add a client; it gets a daily, a weekly and a monthly executive report')
    .option('--name <text>', 'the name in reports (default: the id)')
    .option('--zone <zone>', 'time zone of its business days', 'UTC')
    .option('--week-start <day>', 'first day of its week', 'monday')
    .option('--currency <code>', 'currency of its reports', 'USD')
    .option('--locale <tag>', 'how its numbers are written', 'en-US')
    .option(
      '--outlier-multiple <n>',
      'a call of so many times its model’s median cost is shown apart',
      String(OUTLIER_MULTIPLE),
    )
    .action((id: string, options: AddOptions) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const client = {
          clientId: id,
          name: options.name ?? id,
          timeZone: options.zone,
          weekStart: parseWeekStart(options.weekStart),
          currency: options.currency,
          locale: options.locale,
          outlierMultiple: Number(options.outlierMultiple),
        };
        const added = await addClient(await context.appPool(), client, context.now());
        if (added) return console.log(`Added client ${id}.`);
        console.log(`Client ${id} is there already; nothing was changed. It is:`);
        const pool = await context.pipelinePool();
        printClients([await requireClient(pool, id)], await listZones(pool));
      }),
    );
  clients
    .command('set <id>')
    .description('change what can be changed of a client')
    .requiredOption('--outlier-multiple <n>', 'as for add')
    .action((id: string, { outlierMultiple }: { outlierMultiple: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await setOutlierMultiple(await context.appPool(), id, Number(outlierMultiple));
        console.log(`Calls of ${id} are shown apart from ${outlierMultiple} times the median on.`);
      }),
    );
  clients
    .command('zone <id> <zone>')
    .description('count a client’s days in another time zone from a date on')
    .requiredOption('--from <date>', 'the first day in it; what was before stays as it was')
    .action((id: string, timeZone: string, { from }: { from: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const change = { clientId: id, timeZone, from };
        const changed = await changeZone(await context.appPool(), change, context.now());
        if (!changed)
          return console.log(`${id} counts in ${timeZone} already; nothing was changed.`);
        console.log(`From ${from} on, ${id} counts its days in ${timeZone}; those before stay.`);
        console.log('The next refresh counts anew; its reports come by the new zone from now on.');
      }),
    );
  clients
    .command('list')
    .description('list the clients')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const pool = await openContext(lifecycle, { quiet: true }).pipelinePool();
        printClients(await listClients(pool), await listZones(pool));
      }),
    );
}

function printClients(clients: Client[], zones: ClientZone[]): void {
  printTable(
    ['client', 'name', 'time zone', 'week starts', 'currency', 'locale', 'outliers from'],
    clients.map((client) => [
      client.clientId,
      client.name,
      describeZones(zones.filter(({ clientId }) => clientId === client.clientId)),
      WEEK_DAYS[client.weekStart - 1] ?? '',
      client.currency,
      client.locale,
      `${client.outlierMultiple ?? OUTLIER_MULTIPLE} ×`,
    ]),
  );
}
