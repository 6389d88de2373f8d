// Books of the time before jobs: each schedule becomes one, with its time, and a slot that was done then is
// done for good. Nothing is mailed twice over the change.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { migrate } from '../core/migrate.ts';
import { createPool, type Pool, query } from '../core/postgres.ts';
import { APP_ROLE, PIPELINE_ROLE } from '../core/roles.ts';
import { silentLog } from '../core/test-support.ts';
import { planDueSlots } from '../pipeline/dispatch.ts';
import { loadJobs } from '../pipeline/jobs.ts';
import { claimDueRun } from '../pipeline/runs.ts';

/** Before sql/postgres/migrations/000010_run-jobs.sql. */
const FILES_BEFORE = 9;
const NOW = new Date('2025-03-18T12:00:00Z');
const log = silentLog();
const name = `test_${randomBytes(6).toString('hex')}`;

let server: Pool;
let owner: Pool;
beforeAll(async () => {
  server = createPool({ url: inject('postgresUrl'), applicationName: 'tests', log, max: 1 });
  // No superuser: row security, where it is forced, would hide from it what it has to move.
  await query(server, `create role ${name} login createrole password '${name}'`);
  await query(server, `create database ${name} owner ${name}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  url.username = name;
  url.password = name;
  owner = createPool({ url: url.toString(), applicationName: 'tests', log, max: 4 });
}, 60_000);
afterAll(async () => {
  await owner.end();
  await query(server, `drop database ${name} with (force)`);
  await query(server, `drop role ${name}`);
  await server.end();
});

test('schedules become jobs that go on where they were', async () => {
  const none = 'postgres://administered@localhost/';
  const roleUrls = { [APP_ROLE]: none, [PIPELINE_ROLE]: none };
  await migrate({ owner, roleUrls, log, fileCount: FILES_BEFORE });
  await query(
    owner,
    `insert into clients (client_id, name, time_zone, week_start, currency, locale)
     values ('acme', 'Acme', 'Europe/Vienna', 1, 'EUR', 'de-AT')`,
  );
  await query(
    owner,
    `insert into schedules (client_id, report, period_kind, local_time, enabled, created_at) values
       ('acme', 'executive', 'day', '06:30', true, '2025-01-01Z'),
       ('acme', 'executive', 'week', '07:00', true, '2025-01-01Z'),
       ('acme', 'executive', 'month', '07:00', false, '2025-01-01Z')`,
  );
  // Of today the daily report was done; the weekly one of yesterday failed a minute ago.
  await query(
    owner,
    `insert into runs (run_id, client_id, lease_until, started_at, finished_at, job, slot_at, state)
     select gen_random_uuid(), 'acme', $1, $1, $1, runs.*
     from (values
       ('report executive day', '2025-03-17T05:30Z'::timestamptz, 'failed'),
       ('report executive day', '2025-03-18T05:30Z', 'succeeded'),
       ('report executive week', '2025-03-17T06:00Z', 'failed')
     ) as runs`,
    [new Date(NOW.getTime() - 90_000)],
  );
  // Books of that time do not let their owner see what row security holds.
  for (const table of ['schedules', 'runs', 'clients'])
    await query(owner, `drop policy owner_keeps on ${table}`);
  await migrate({ owner, roleUrls, log });
  const zones = await query(owner, 'select client_id, time_zone from client_zones');
  expect(zones).toEqual([{ client_id: 'acme', time_zone: 'Europe/Vienna' }]);
  const jobs = await loadJobs(owner, log);
  expect(jobs.map(({ job, cronText, pausedAt }) => [job, cronText, pausedAt === null])).toEqual([
    ['report executive day', '30 6 * * *', true],
    ['report executive month', '0 7 1 * *', false],
    ['report executive week', '0 7 * * mon', true],
  ]);
  expect(await planDueSlots({ pool: owner, log }, jobs, NOW)).toBe(0);
  const filter = { kinds: ['report'], newestSlot: NOW };
  expect(await claimDueRun(owner, filter, NOW)).toMatchObject({
    job: 'report executive week',
    attempts: 2,
    params: { report: 'executive', period: 'week' },
  });
  expect(await claimDueRun(owner, filter, NOW)).toBeUndefined();
  // The next morning's is planned by the job.
  const later = new Date('2025-03-19T05:30:01Z');
  expect(await planDueSlots({ pool: owner, log }, await loadJobs(owner, log), later)).toBe(1);
}, 60_000);
