// A worker that was away while another took its report over freezes no older figures and mails nobody.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { claimRun, type Run } from '../pipeline/runs.ts';
import { createDeliveryBench, type DeliveryBench } from '../test/delivery-bench.ts';
import { makeReport, ORDINARY_CALLS } from '../test/make-facts.ts';
import { freezeRevision } from './archive.ts';
import { queueDeliveries } from './deliver.ts';

const START = new Date('2025-03-17T06:00:00Z');
const LATER = new Date('2025-03-17T06:10:00Z');
const NEW = { content: makeReport(ORDINARY_CALLS).content, asOf: LATER.toISOString() };
const OLD = { content: makeReport(ORDINARY_CALLS.slice(1)).content, asOf: START.toISOString() };

let bench: DeliveryBench;
let away: Run;
let present: Run;
beforeAll(async () => {
  bench = await createDeliveryBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.reset();
  await query(bench.books.owner, 'truncate runs');
  const slot = { job: 'report', clientId: 'acme', slotAt: START };
  const claim = async (now: Date) => {
    const run = await claimRun(bench.deps.pool, slot, now);
    if (run === undefined) throw new Error('the slot should be free');
    return run;
  };
  away = await claim(START);
  present = await claim(LATER);
});

const freeze = (composed: typeof NEW, { runId }: Run, fence?: bigint) =>
  freezeRevision(bench.deps.pool, composed, runId, LATER, fence);
const revisions = async () =>
  (await query(bench.books.owner, 'select 1 from report_revisions')).length;

test('it freezes nothing: what it composed is old', async () => {
  await freeze(NEW, present, present.fence);
  const late = freeze(OLD, away, away.fence);
  await expect(late).rejects.toMatchObject({ code: 'ERR_RUN_LOST' });
  expect(await revisions()).toBe(1);
});

test('without the fence the old figures become the newest revision (control)', async () => {
  await freeze(NEW, present, present.fence);
  expect((await freeze(OLD, away)).provenance.revision).toBe(2);
});

test('it queues no mail; the one that took over does', async () => {
  const revision = await freeze(NEW, present, present.fence);
  const late = queueDeliveries(bench.deps, revision, away);
  await expect(late).rejects.toMatchObject({ code: 'ERR_RUN_LOST' });
  expect(await bench.states()).toHaveLength(0);
  expect(await queueDeliveries(bench.deps, revision, present)).toBe(1);
});
