// daybook numbers add | list: the phone numbers that are ours, each of one client
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { addNumber, listNumbers } from '../../ingest/store/numbers.ts';
import { isListed } from '../../ingest/texts/rates.ts';
import { callingCode } from '../../ingest/twilio/phone.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

export function registerNumbers(program: Command): void {
  const numbers = program.command('numbers').description('the phone numbers that take texts');
  numbers
    .command('add <number>')
    .description('take texts to this number for a client')
    .requiredOption('--client <id>', 'whose number it is')
    .action((number: string, { client }: { client: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await requireClient(await context.pipelinePool(), client);
        const isAdded = await addNumber(await context.appPool(), client, number, context.now());
        if (isAdded) {
          console.log(`Texts to ${number} are for ${client}.`);
          return sayWhatIsUnknown(number);
        }
        const all = await listNumbers(await context.pipelinePool());
        const owner = all.find(({ phone }) => phone === number)?.clientId;
        if (owner === client) return console.log(`${number} is ${client}'s already.`);
        throw new AppError('ERR_USAGE', `${number} is the number of client "${owner}"`);
      }),
    );
  numbers
    .command('list')
    .description('list the numbers')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const all = await listNumbers(await openContext(lifecycle, { quiet: true }).pipelinePool());
        printTable(
          ['number', 'client'],
          all.map(({ phone, clientId }) => [phone, clientId]),
        );
      }),
    );
}

/** Who texts a number has mostly one of the same country. */
function sayWhatIsUnknown(number: string): void {
  const code = callingCode(number);
  if (code === null || isListed(code)) return;
  console.log(
    `No list price is known for texts with +${code}: what one costs is unknown until Twilio tells.`,
  );
}
