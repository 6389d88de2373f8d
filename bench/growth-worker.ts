// A process that does nothing but refresh a warehouse, so that its times and its memory are those of a
// worker. Each line on standard input is a tick, "everything" a full build, "bare" the selects of the
// rollups alone; each is answered with a line of JSON.

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLog } from '../core/log.ts';
import { createPool } from '../core/postgres.ts';
import { loadModels } from '../pipeline/models.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { askEverything, listAskedDays } from '../pipeline/rollup.ts';
import { openWarehouse } from '../pipeline/warehouse.ts';
import { timed } from './measure.ts';

const [url = '', home = ''] = process.argv.slice(2);
const log = createLog({ level: 'warn' });
const pool = createPool({ url, applicationName: 'bench worker', log, max: 4 });
const warehouse = await openWarehouse({
  warehouse: join(home, 'warehouse.duckdb'),
  staging: join(home, 'staging'),
});

async function tick(everything: boolean): Promise<object> {
  const started = performance.now();
  const result = await refreshWarehouse({ pool, warehouse, log, everything });
  return { ...result, tookMs: performance.now() - started };
}

/** The same selects, one after the other, into tables that go again. */
async function runBare(): Promise<object> {
  let tookMs = 0;
  const undone = new Error('undone');
  await warehouse
    .transaction(async () => {
      await askEverything(warehouse);
      await listAskedDays(warehouse);
      for (const { sql, lands } of await loadModels(warehouse)) {
        if (lands === 'view') continue;
        tookMs += await timed(() => warehouse.run(`create temp table bare as ${sql}`));
        await warehouse.run('drop table bare');
      }
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return { tookMs };
}

for await (const line of createInterface(process.stdin)) {
  const result = line === 'bare' ? await runBare() : await tick(line === 'everything');
  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ ...result, peakMb }));
}
warehouse.close();
await pool.end();
