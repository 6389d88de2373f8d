// Rules of a tick's warehouse: refreshed once, held until the tick ends; after a refresh that failed it
// can be used as it stood, and whoever opened the file is told of the error.
import { expect, test } from 'vitest';
import { createTestWarehouse } from '../test/test-warehouse.ts';
import { openSession } from './session.ts';
import type { Warehouse } from './warehouse.ts';

/** A session on a warehouse that is open anyway, and what became of opening it. */
async function sessionWith(refresh: (warehouse: Warehouse) => Promise<number>) {
  const held = await createTestWarehouse();
  const seen: { ended?: string } = {};
  const session = openSession({
    withWarehouse: async (work) => {
      try {
        const value = await work(held.warehouse);
        seen.ended = 'well';
        return value;
      } catch (error) {
        seen.ended = (error as Error).message;
        throw error;
      }
    },
    refresh,
  });
  return { session, seen, remove: held.remove };
}

test('a refresh that passes is done once, and nothing stands in its place', async () => {
  let refreshes = 0;
  const { session, seen, remove } = await sessionWith(async () => {
    refreshes += 1;
    return 7;
  });
  expect((await session.fresh()).copiedRows).toBe(7);
  await session.fresh();
  expect([refreshes, session.hasFailed(), session.asItStands()]).toEqual([1, false, undefined]);
  expect(seen.ended).toBeUndefined();
  await session.close();
  expect(seen.ended).toBe('well');
  remove();
});

test('after one that fails the warehouse stands until the tick ends', async () => {
  const { session, seen, remove } = await sessionWith(() => Promise.reject(new Error('no disk')));
  await expect(session.fresh()).rejects.toThrow('no disk');
  await expect(session.fresh()).rejects.toThrow('no disk');
  expect(session.hasFailed()).toBe(true);
  expect(await session.asItStands()?.rows('select 1 as one')).toEqual([{ one: 1 }]);
  expect(seen.ended).toBeUndefined();
  await session.close();
  expect([seen.ended, session.asItStands()]).toEqual(['no disk', undefined]);
  remove();
});
