// Copy into the warehouse against COPY … TO STDOUT alone, in pairs on the same rows.
import { join } from 'node:path';
import { copyToFile, type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { copyBooks } from '../pipeline/copy.ts';
import { buildRollups } from '../pipeline/rollup.ts';
import { openWarehouse } from '../pipeline/warehouse.ts';
import { addBenchClient, log, withBenchBooks } from './books.ts';
import { type Measurement, median, percent, rate, timed } from './measure.ts';

const ROWS = 500_000;
const ROUNDS = 5;

/** Copies ROWS rows ROUNDS times each way and returns the median ratio. */
export async function benchCopy(home: string): Promise<Measurement[]> {
  return withBenchBooks(home, async ({ owner, app, pipeline }) => {
    await generate(owner, app);
    const alone: number[] = [];
    const whole: number[] = [];
    const builds: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const plain = await timed(() => copyAlone(pipeline));
      const { copy, build } = await copyWhole(pipeline, home, round);
      // The first round warms Postgres' cache for both.
      if (round === 0) continue;
      alone.push(plain);
      whole.push(copy);
      builds.push(build);
    }
    return [
      {
        work: `copy ${ROWS.toLocaleString('en')} rows into DuckDB, against COPY … TO STDOUT alone`,
        figure: `${percent(median(alone.map((time, index) => time / (whole[index] ?? 1))))} (${rate(ROWS, median(whole))} against ${rate(ROWS, median(alone))})`,
        aim: '≥ 40 %',
      },
      {
        work: 'build and check all rollups of those rows',
        figure: `${Math.round(median(builds))} ms`,
        aim: '–',
      },
    ];
  });
}

async function generate(owner: Pool, app: Pool): Promise<void> {
  await addBenchClient(app, 'bench');
  await query(
    owner,
    `insert into users (client_id, user_id) select 'bench', 'u' || n from generate_series(0, 49) n`,
  );
  await query(
    owner,
    `insert into usage_events (client_id, event_id, occurred_at, provider, model, user_id,
       input_tokens, output_tokens, reported_cost, currency, status, latency_ms, body_hash)
     select 'bench', 'event-' || n, timestamptz '2024-08-13Z' + n * interval '37 seconds',
       (array['anthropic', 'openai', 'deepseek', 'google'])[1 + n % 4], 'model-' || n % 40,
       'u' || n % 50, (n * 7919) % 20000, (n * 104729) % 2000,
       ((n * 1299709) % 100000000)::numeric / 1000000000, 'USD', 'success', n % 5000,
       sha256(n::text::bytea)
     from generate_series(1::bigint, ${ROWS}) n`,
  );
  await query(owner, 'vacuum analyze usage_events');
}

function copyAlone(pipeline: Pool): Promise<number> {
  return withTransaction(pipeline, { isolation: 'repeatable read' }, async (connection) => {
    await query(connection, `select set_config('daybook.copy_from', '0', true)`);
    return copyToFile(connection, loadSql('postgres/queries/copy_usage_events'), '/dev/null');
  });
}

async function copyWhole(
  pipeline: Pool,
  home: string,
  round: number,
): Promise<{ copy: number; build: number }> {
  const paths = { warehouse: join(home, `round-${round}.duckdb`), staging: join(home, 'staging') };
  const warehouse = await openWarehouse(paths);
  try {
    const copy = await timed(() => copyBooks(pipeline, warehouse, log));
    const build = await timed(() => buildRollups(warehouse));
    return { copy, build };
  } finally {
    warehouse.close();
  }
}
