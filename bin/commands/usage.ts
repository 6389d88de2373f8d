// daybook usage explain FILE
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import type { PriceEvent } from '../../ingest/pricing/costing.ts';
import { createPriceBook } from '../../ingest/pricing/price-book.ts';
import { explainLine } from '../../ingest/usage/explain.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

export function registerUsage(program: Command): void {
  program
    .command('usage')
    .description('what Daybook makes of a call')
    .command('explain <file>')
    .description('print what is made of each line, an event or a recorded call; books nothing')
    .option('--client <id>', 'use this client’s own prices before the shared ones')
    .action((path: string, options: { client?: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        if (options.client !== undefined) {
          await requireClient(await context.pipelinePool(), options.client);
        }
        const price = await createPriceBook(await context.appPool())(options.client ?? '');
        await explainFile(path, price, context.now());
      }),
    );
}

/** Reads and prints line by line, as fast as the output is read. */
async function explainFile(path: string, price: PriceEvent, now: Date): Promise<void> {
  const file = createReadStream(path);
  try {
    await pipeline(explainLines(file, price, now), process.stdout, { end: false });
  } catch (error) {
    const { code } = error as { code?: string };
    // The reader has seen enough, as `head` has.
    if (code === 'EPIPE') return;
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES') throw error;
    throw new AppError('ERR_INPUT', `${path} cannot be read: ${code}`, {
      cause: error,
      fix: 'give the path of an NDJSON file',
    });
  }
}

async function* explainLines(file: NodeJS.ReadableStream, price: PriceEvent, now: Date) {
  const lines = createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    if (line.trim() !== '') yield `${JSON.stringify(explainLine(line, { price, now }))}\n`;
  }
}
