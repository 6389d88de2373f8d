// daybook usage explain FILE
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { createPriceBook } from '../../ingest/pricing/price-book.ts';
import { type ExplainOptions, explainLine } from '../../ingest/usage/explain.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

const ASK = 'give the path of an NDJSON file: one JSON object a line';
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read',
};

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
        const { client: clientId } = options;
        const client =
          clientId === undefined
            ? undefined
            : await requireClient(await context.pipelinePool(), clientId);
        const price = await createPriceBook(await context.appPool())(clientId ?? '');
        const currency = client?.currency ?? null;
        const { lines, failed } = await explainFile(path, { price, currency, now: context.now() });
        if (failed === 0) return;
        console.error(`${failed} of ${lines} lines could not be read: see "error" in the output`);
        if (failed === lines) console.error(`  do: ${ASK}`);
        process.exitCode = 1;
      }),
    );
}

interface Counts {
  lines: number;
  failed: number;
}

/** Reads and prints line by line, as fast as the output is read. */
async function explainFile(path: string, options: ExplainOptions): Promise<Counts> {
  if (extname(path).toLowerCase() === '.csv') {
    throw new AppError('ERR_INPUT', `${path} is a CSV file, which explain does not read`, {
      fix: ASK,
    });
  }
  const counts = { lines: 0, failed: 0 };
  const file = createReadStream(path);
  try {
    await pipeline(explainLines(file, options, counts), process.stdout, { end: false });
  } catch (error) {
    const { code = '' } = error as { code?: string };
    // The reader has seen enough, as `head` has.
    if (code === 'EPIPE') return counts;
    const problem = UNREADABLE[code];
    if (problem === undefined) throw error;
    throw new AppError('ERR_INPUT', `${path} ${problem}`, { fix: ASK });
  }
  return counts;
}

async function* explainLines(file: NodeJS.ReadableStream, options: ExplainOptions, counts: Counts) {
  let place = 0;
  for await (const line of createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY })) {
    place += 1;
    if (line.trim() === '') continue;
    const explanation = explainLine(line, place, options);
    counts.lines += 1;
    if (explanation.error !== undefined) counts.failed += 1;
    yield `${JSON.stringify(explanation)}\n`;
  }
}
