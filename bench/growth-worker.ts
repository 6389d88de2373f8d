// A process that does nothing but refresh a warehouse, so that its times and its memory are those of a
// worker: once from nothing, then after each line on standard input. Prints a line of JSON for each.

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLog } from '../core/log.ts';
import { createPool } from '../core/postgres.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { openWarehouse } from '../pipeline/warehouse.ts';

const [url = '', home = ''] = process.argv.slice(2);
const log = createLog({ level: 'warn' });
const pool = createPool({ url, applicationName: 'bench worker', log, max: 4 });
const warehouse = await openWarehouse({
  warehouse: join(home, 'warehouse.duckdb'),
  staging: join(home, 'staging'),
});
const tick = async (everything: boolean) => {
  const started = performance.now();
  const { copiedRows, rebuiltDays } = await refreshWarehouse({ pool, warehouse, log, everything });
  const tookMs = performance.now() - started;
  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ tookMs, copiedRows, rebuiltDays, peakMb }));
};
for await (const line of createInterface(process.stdin)) await tick(line === 'everything');
warehouse.close();
await pool.end();
