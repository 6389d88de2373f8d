// How the pipeline grows: first load, full build, a tick of 10,000 new rows and an empty one, on rows of
// the real trace's shape; each against what the databases do alone, in one run.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { copyToFile, type Pool, query, withTransaction } from '../core/postgres.ts';
import { listSql, loadSql } from '../core/sql.ts';
import { withBenchBooks } from './books.ts';
import { type Measurement, median, percent, rate, timed } from './measure.ts';
import { bookNewRows, bookTraceRows } from './trace-rows.ts';

interface Told {
  tookMs: number;
  copyMs: number;
  compareMs: number;
  buildMs: number;
  checkMs: number;
  peakMb: number;
}

const NEW_ROWS = 10_000;
const ROUNDS = 3;
/** Postgres takes minutes for the same on more. */
const POSTGRES_ROWS_MAX = 1_000_000;

/** Measures at one size. */
export async function benchGrowth(home: string, rows: number): Promise<Measurement[]> {
  return withBenchBooks(home, async ({ owner, pipeline, pipelineUrl }) => {
    await bookTraceRows(owner, rows);
    const alone: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1)
      alone.push(await timed(() => copyAlone(pipeline)));
    const worker = startWorker(pipelineUrl, home);
    const first = await worker.ask('tick');
    const whole = await worker.ask('everything');
    const bare = await worker.ask('bare');
    const ticks: Told[] = [];
    const empty: Told[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await bookNewRows(owner, NEW_ROWS);
      ticks.push(await worker.ask('tick'));
      empty.push(await worker.ask('tick'));
    }
    await worker.end();
    const inPostgres = rows <= POSTGRES_ROWS_MAX ? await runInPostgres(pipeline) : undefined;
    return describe(rows, {
      alone: median(alone.slice(1)),
      first,
      whole,
      bare,
      ticks,
      empty,
      inPostgres,
    });
  });
}

interface Figures {
  alone: number;
  first: Told;
  whole: Told;
  bare: Told;
  ticks: Told[];
  empty: Told[];
  inPostgres: number | undefined;
}

function describe(rows: number, figures: Figures): Measurement[] {
  const { alone, first, whole, bare, ticks, empty, inPostgres } = figures;
  const of = `${rows.toLocaleString('en')} rows:`;
  const tick = median(ticks.map(({ tookMs }) => tookMs));
  const line = (work: string, figure: string, aim: string) => ({
    work: `${of} ${work}`,
    figure,
    aim,
  });
  return [
    line(
      'copy, against COPY … TO STDOUT alone',
      `${percent(alone / first.copyMs)} (${rate(rows, first.copyMs)} against ${rate(rows, alone)}); comparing ${ms(first.compareMs)}`,
      '≥ 60 %',
    ),
    line(
      'full build, against the same selects bare',
      `${(whole.buildMs / bare.tookMs).toFixed(2)} × (${ms(whole.buildMs)} against ${ms(bare.tookMs)}); checks ${ms(whole.checkMs)}`,
      '≤ 1.5 ×',
    ),
    ...(inPostgres === undefined
      ? []
      : [
          line(
            'full build, against the same in Postgres',
            `${(inPostgres / whole.buildMs).toFixed(1)} × faster (${ms(inPostgres)})`,
            '≥ 3 ×',
          ),
        ]),
    line(
      `${NEW_ROWS.toLocaleString('en')} new rows, against the first load`,
      `${percent(tick / first.tookMs)} (${ms(tick)} against ${ms(first.tookMs)})`,
      '≤ 5 %, ≤ 2 s',
    ),
    line('an empty tick', ms(median(empty.map(({ tookMs }) => tookMs))), '≤ 100 ms'),
    line('peak memory of the worker', `${Math.round(empty.at(-1)?.peakMb ?? 0)} MB`, '≤ 1 GB'),
  ];
}

function ms(milliseconds: number): string {
  return milliseconds < 10_000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

function copyAlone(pipeline: Pool): Promise<number> {
  return withTransaction(pipeline, { isolation: 'repeatable read' }, async (connection) => {
    await query(connection, `select set_config('daybook.copy_from', '0', true)`);
    await query(connection, 'set local statement_timeout = 0');
    return copyToFile(connection, loadSql('postgres/queries/copy_usage_events'), '/dev/null');
  });
}

/** Computes the rollups that Postgres can compute, too, and sends none. */
function runInPostgres(pipeline: Pool): Promise<number> {
  return withTransaction(pipeline, {}, async (connection) => {
    await query(connection, 'set local statement_timeout = 0');
    return timed(async () => {
      for (const name of listSql('postgres/verify'))
        await query(connection, `select count(*) from (${loadSql(name)}) as computed`);
    });
  });
}

function startWorker(url: string, home: string) {
  const program = join(import.meta.dirname, 'growth-worker.ts');
  const child = spawn(process.execPath, [program, url, home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    ask: async (what: string): Promise<Told> => {
      child.stdin.write(`${what}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the worker ended at "${what}"`);
      return JSON.parse(value) as Told;
    },
    end: async () => {
      child.stdin.end();
      await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}
