// npm run bench: speed as ratios within one run, on generated rows of the real trace's shape. Prints a
// table; asserts nothing, because machines differ.
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { formatTable } from '../bin/print.ts';
import { benchDemo } from './demo.ts';
import { benchGrowth } from './growth.ts';
import { benchIngest } from './ingest.ts';
import { benchPdf } from './pdf.ts';
import { benchPricing } from './pricing.ts';
import { benchSms } from './sms.ts';

const folder = mkdtempSync(join(tmpdir(), 'daybook-bench-'));
try {
  const measurements = [
    ...(await benchGrowth(join(folder, 'small'), 100_000)),
    ...(await benchGrowth(join(folder, 'large'), 1_000_000)),
    ...(await benchPricing()),
    ...(await benchIngest(join(folder, 'ingest'))),
    ...(await benchSms(join(folder, 'sms'))),
    ...(await benchDemo(join(folder, 'demo'))),
    ...(await benchPdf(join(folder, 'demo'))),
  ];
  const model = cpus()[0]?.model ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} × ${model}, ${memory} GiB, Node ${process.version}\n`,
  );
  console.log(
    formatTable(
      ['work', 'figure', 'aim'],
      measurements.map(({ work, figure, aim }) => [work, figure, aim]),
    ),
  );
} finally {
  for (const part of ['small', 'large', 'huge', 'ingest', 'sms', 'demo']) {
    // As root the server's data may lie elsewhere, behind a link.
    const postgres = join(folder, part, 'postgres');
    if (existsSync(postgres)) rmSync(realpathSync(postgres), { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
}
