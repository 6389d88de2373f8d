// Freshly migrated books on an embedded Postgres of the benchmark's own, which goes with it.
import { join } from 'node:path';
import { addClient } from '../core/clients.ts';
import { acquireEmbeddedPostgres } from '../core/embedded-postgres.ts';
import { createLog } from '../core/log.ts';
import { migrate } from '../core/migrate.ts';
import { createPool, type Pool } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';

export const log = createLog({ level: 'warn' });

export interface BenchBooks {
  owner: Pool;
  app: Pool;
  pipeline: Pool;
  appUrl: string;
  pipelineUrl: string;
}

/** Runs `work` on the books under `home` and stops their server. */
export async function withBenchBooks<T>(
  home: string,
  work: (books: BenchBooks) => Promise<T>,
): Promise<T> {
  const server = await acquireEmbeddedPostgres(join(home, 'postgres'));
  const open = (url: string) => createPool({ url, applicationName: 'bench', log, max: 2 });
  const owner = open(server.url);
  const roleUrls = {
    [APP_ROLE]: deriveRoleUrl(server.url, APP_ROLE),
    [PIPELINE_ROLE]: deriveRoleUrl(server.url, PIPELINE_ROLE),
  };
  await migrate({ owner, roleUrls, log });
  const [app, pipeline] = [open(roleUrls[APP_ROLE]), open(roleUrls[PIPELINE_ROLE])];
  try {
    return await work({
      owner,
      app,
      pipeline,
      appUrl: roleUrls[APP_ROLE],
      pipelineUrl: roleUrls[PIPELINE_ROLE],
    });
  } finally {
    await Promise.all([owner.end(), app.end(), pipeline.end()]);
    await server.release();
  }
}

export async function addBenchClient(app: Pool, clientId: string): Promise<void> {
  const client = {
    clientId,
    name: 'Bench',
    timeZone: 'America/New_York',
    weekStart: 1 as const,
    currency: 'USD',
    locale: 'en-US',
  };
  await addClient(app, client, new Date());
}
