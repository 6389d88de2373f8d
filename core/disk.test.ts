// When a disk is low, and when it is not any more.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDiskGuard, readDiskSpace } from './disk.ts';
import { makeTestFolder } from './test-support.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

function guardOf(totalBytes: number, marks: { lowBytes?: number; criticalBytes?: number } = {}) {
  const space = { freeBytes: totalBytes, totalBytes };
  const guard = createDiskGuard({
    ...marks,
    folder: '/anywhere',
    readSpace: () => ({ ...space }),
    askEveryMs: 0,
  });
  return (freeBytes: number) => {
    space.freeBytes = freeBytes;
    return guard.state();
  };
}

test('a disk is low below a gibibyte and critical below a quarter of one', () => {
  const at = guardOf(500 * GIB);
  expect(at(GIB)).toBe('ok');
  expect(at(GIB - 1)).toBe('low');
  expect(at(GIB / 4)).toBe('low');
  expect(at(GIB / 4 - 1)).toBe('critical');
});

test('a small disk is low below a twentieth of it', () => {
  const at = guardOf(2_000 * MIB);
  expect(at(100 * MIB)).toBe('ok');
  expect(at(100 * MIB - 1)).toBe('low');
  expect(at(25 * MIB - 1)).toBe('critical');
});

test('what stopped goes on a quarter above the mark, so that it does not go to and fro', () => {
  const at = guardOf(500 * GIB, { lowBytes: 400, criticalBytes: 100 });
  expect([at(399), at(400), at(499), at(500), at(400)]).toEqual(['low', 'low', 'low', 'ok', 'ok']);
  expect([at(99), at(124), at(125), at(500)]).toEqual(['critical', 'critical', 'low', 'ok']);
});

test('what waits is refused at low, what is stored only at critical, with what to do', () => {
  const space = { freeBytes: 300 * MIB, totalBytes: 10 * GIB };
  const options = { folder: '/books', readSpace: () => ({ ...space }), askEveryMs: 0 };
  const guard = createDiskGuard(options);
  expect(guard.requireSpace).toThrow(
    expect.objectContaining({
      code: 'ERR_DISK_LOW',
      message: 'nothing is made that can wait: the disk of /books has 0.3 GiB of 10.0 GiB free',
      fix: 'free 0.6 GiB and more; it goes on by itself',
    }),
  );
  guard.requireRoomToStore();
  space.freeBytes = 10 * MIB;
  expect(guard.requireRoomToStore).toThrow(/nothing is stored.* 10\.0 MiB of 10\.0 GiB free/);
  space.freeBytes = 5 * GIB;
  guard.requireSpace();
  guard.requireRoomToStore();
});

test('the disk is asked once in a while, not at each request', () => {
  let asked = 0;
  const readSpace = () => {
    asked += 1;
    return { freeBytes: GIB, totalBytes: GIB };
  };
  const guard = createDiskGuard({ folder: '/', readSpace });
  for (let request = 0; request < 1_000; request += 1) guard.requireRoomToStore();
  expect(asked).toBe(1);
});

test('the space of a folder that is not there yet is that of its disk', () => {
  const folder = makeTestFolder();
  const { freeBytes, totalBytes } = readDiskSpace(join(folder.path, 'not', 'yet'));
  folder.remove();
  expect(totalBytes).toBeGreaterThan(freeBytes);
  expect(freeBytes).toBeGreaterThan(0);
});
