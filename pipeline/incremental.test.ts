// However its events came, a warehouse that was refreshed on the way is the one that is built at once
// from the same books, and both hold what Postgres finds: every rollup, every grain, to the last digit.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { act, emptyBooks } from '../test/act.ts';
import { anyHistory, CLIENTS, type History } from '../test/histories.ts';
import { compareWarehouses, compareWithPostgres } from '../test/same-figures.ts';
import { createTestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';
import { verifyWarehouse } from './verify.ts';
import type { Warehouse } from './warehouse.ts';

const IS_FULL = inject('kills') > 3;
const HISTORIES = IS_FULL ? 500 : 12;

let books: TestBooks;
beforeAll(async () => {
  books = await createTestBooks();
  for (const clientId of CLIENTS) await addTestClient(books.app, { clientId });
});
afterAll(() => books.close());

const refresh = async (warehouse: Warehouse) => {
  await refreshWarehouse({ pool: books.pipeline, warehouse, log: silentLog() });
};

/** Lives through the history with one warehouse; returns what `inspect` finds at its end. */
async function live(
  { zones, rounds }: History,
  inspect: (warehouse: Warehouse) => Promise<string[]>,
): Promise<string[]> {
  await emptyBooks(books.owner, zones);
  const held = await createTestWarehouse();
  try {
    let ids = 0;
    for (const round of rounds) {
      for (const action of round) {
        ids += 1;
        await act(books, action, `i${ids}`, () => refresh(held.warehouse));
      }
      await refresh(held.warehouse);
    }
    return await inspect(held.warehouse);
  } finally {
    held.remove();
  }
}

const isOfHours = (difference: string) => /hourly_days|usage_by_hour/.test(difference);

/** What differs from a warehouse that is built at once. */
async function compareWithFresh(warehouse: Warehouse): Promise<string[]> {
  const differences = await compareOnce(warehouse);
  if (differences.length === 0 || !differences.every(isOfHours)) return differences;
  // Midnight of one of the zones may have come between the two.
  await refresh(warehouse);
  return compareOnce(warehouse);
}

async function compareOnce(warehouse: Warehouse): Promise<string[]> {
  const fresh = await createTestWarehouse();
  try {
    await refresh(fresh.warehouse);
    return await compareWarehouses(warehouse, fresh.warehouse);
  } finally {
    fresh.remove();
  }
}

async function findDifferences(warehouse: Warehouse): Promise<string[]> {
  const { failures } = await verifyWarehouse({
    ...{ pool: books.pipeline, warehouse, log: silentLog(), deep: true },
  });
  return [
    ...(await compareWithFresh(warehouse)),
    ...(await compareWithPostgres(books.owner, warehouse)),
    ...failures.map((failure) => JSON.stringify(failure)),
  ];
}

test('step by step is at once is Postgres, whatever happened', async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    expect(await live(history, findDifferences)).toEqual([]);
  });
  // A failure prints its seed and the shrunken history.
  await fc.assert(property, {
    numRuns: HISTORIES,
    interruptAfterTimeLimit: 1_500_000,
    ...(IS_FULL ? {} : { seed: 20250318 }),
  });
}, 1_800_000);
