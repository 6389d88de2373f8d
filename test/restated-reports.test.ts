// From a late call to a report that says so: the archived one stays, a second revision is marked, the
// report of the week after names the week that it compares with. The same again is no revision.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parsePeriod } from '../core/calendar.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { claimRun } from '../pipeline/runs.ts';
import { publishReport } from '../reports/publish.ts';
import { bookEvents } from './booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from './test-warehouse.ts';

const NOW = new Date('2025-03-25T07:00:00Z');
let books: TestBooks;
let held: TestWarehouse;
let runs = 0;

beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
  await addTestClient(books.app, { timeZone: 'Europe/Vienna' });
});

afterAll(async () => {
  held.remove();
  await books.close();
});

const book = (...calls: [id: string, at: string][]) =>
  bookEvents(
    books.app,
    'acme',
    calls.map(([id, at]) => ({ id, at, cost: '0.5' })),
  );

/** Refreshes and makes the report of a week, as a run of its own. */
async function publish(key: string) {
  const { warehouse, paths } = held;
  await refreshWarehouse({ pool: books.pipeline, warehouse, log: silentLog() });
  runs += 1;
  const slot = { job: `report ${runs}`, clientId: 'acme', slotAt: NOW };
  const run = await claimRun(books.pipeline, slot, NOW, 'hand');
  const archiveDir = join(paths.staging, '..', 'archive');
  const { revision, entries } = await publishReport(
    {
      ...{ pool: books.pipeline, warehouse, archiveDir, now: () => NOW },
      browser: () => Promise.reject(new Error('no PDF is asked for')),
    },
    {
      ...{ report: 'executive', clientId: 'acme', runId: run?.runId ?? '', formats: ['html'] },
      toPeriod: (weekStart) => parsePeriod(key, weekStart),
    },
  );
  const path = join(archiveDir, entries[0]?.path ?? '');
  return { revision, html: () => readFileSync(path, 'utf8') };
}

test('a late call makes a second revision, marked, and leaves the first as it was', async () => {
  await book(['a', '2025-03-11T10:00:00Z'], ['b', '2025-03-18T10:00:00Z']);
  const first = await publish('2025-W11');
  expect(first.revision.provenance.revision).toBe(1);
  expect(first.revision.content.restated).toBeUndefined();
  const before = first.html();

  await book(['late', '2025-03-12T10:00:00Z']);
  const second = await publish('2025-W11');
  expect(second.revision.provenance.revision).toBe(2);
  expect(second.html()).toContain('revision 2, restated');
  expect(second.html()).toContain(
    '<strong>Week 11 was restated:</strong> cost $0.50 → $1.00, calls 1 → 2 (1 late call).',
  );
  expect(first.html()).toBe(before);
  expect((await publish('2025-W11')).revision.revisionId).toBe(second.revision.revisionId);
});

test('the report of the week after says what it compares with', async () => {
  const { revision } = await publish('2025-W12');
  expect(revision.provenance.revision).toBe(1);
  expect(revision.content.restated?.rows.map(({ period, label }) => `${period} ${label}`)).toEqual([
    'Week 11 Cost',
    'Week 11 Calls',
  ]);
  // One that has to do with neither week says nothing (control).
  expect((await publish('2025-W09')).revision.content.restated).toBeUndefined();
});
