// One Postgres for the whole suite, in a folder of its own and gone with it, with a migrated template
// that each test file clones.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { acquireEmbeddedPostgres } from '../core/embedded-postgres.ts';
import { createLog } from '../core/log.ts';
import { migrate } from '../core/migrate.ts';
import { createPool, query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { syncPrices } from '../ingest/pricing/sync.ts';

const TEMPLATE = 'daybook_template';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-suite-'));
  const server = await acquireEmbeddedPostgres(join(folder, 'postgres'));
  await makeTemplate(server.url).catch(async (error: unknown) => {
    await server.release();
    throw error;
  });
  project.provide('postgresUrl', server.url);
  project.provide('templateDatabase', TEMPLATE);
  return async () => {
    await server.release();
    // As root the data may lie elsewhere, behind a link.
    rmSync(realpathSync(join(folder, 'postgres')), { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  };
}

async function makeTemplate(serverUrl: string): Promise<void> {
  const log = createLog({ level: 'warn' });
  const maintenance = createPool({ url: serverUrl, applicationName: 'tests', log, max: 1 });
  await query(maintenance, `create database ${TEMPLATE}`);
  await maintenance.end();
  const url = new URL(serverUrl);
  url.pathname = `/${TEMPLATE}`;
  const owner = createPool({ url: url.toString(), applicationName: 'tests', log, max: 1 });
  const roleUrls = {
    [APP_ROLE]: deriveRoleUrl(url.toString(), APP_ROLE),
    [PIPELINE_ROLE]: deriveRoleUrl(url.toString(), PIPELINE_ROLE),
  };
  await migrate({ owner, roleUrls, log });
  await syncPrices(owner, new Date());
  await owner.end();
}
