// A backup that is not whole, or is not what it says, is refused; the database stays empty, and books
// that hold something stay as they are.
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listTables, MANIFEST, type Manifest, readContent } from '../core/backup-catalog.ts';
import { withTransaction } from '../core/postgres.ts';
import type { TestBooks } from '../core/test-support.ts';
import { type BackupWorld, listFiles, openBackupWorld, readTables } from './backup-world.ts';

vi.setConfig({ testTimeout: 60_000 });

let world: BackupWorld;
let books: TestBooks;

beforeAll(async () => {
  world = await openBackupWorld();
  books = world.books;
}, 120_000);
afterAll(() => world.close());

describe('what is not whole is refused, and the database stays as it was:', () => {
  const damaged = (name: string, damage: (path: string) => void) => {
    const path = join(world.path, name);
    copyFolder(world.backup, path);
    damage(path);
    return path;
  };
  const changeManifest = (path: string, change: (found: Manifest) => void) => {
    const found = JSON.parse(readFileSync(join(path, MANIFEST), 'utf8')) as Manifest;
    change(found);
    writeFileSync(join(path, MANIFEST), JSON.stringify(found));
  };

  test.each([
    ['no manifest', /no whole backup/, (path: string) => rmSync(join(path, MANIFEST))],
    [
      'a table that was changed',
      /users\.csv\.gz was changed/,
      (path: string) => appendFileSync(join(path, 'tables/users.csv.gz'), 'x'),
    ],
    [
      'an archived file that was changed',
      /lacks 1 archived files/,
      (path: string) => {
        const file = listFiles(join(path, 'archive'))[0]?.split(' ')[0] ?? '';
        appendFileSync(join(path, 'archive', file), 'x');
      },
    ],
    [
      'rows that are others than when it was made',
      /differs from the backup: users/,
      (path: string) =>
        changeManifest(path, ({ tables }) => {
          for (const table of tables) if (table.name === 'users') table.fingerprint = '1';
        }),
    ],
    [
      'sums that are others',
      /differs from the backup: its sums/,
      (path: string) =>
        changeManifest(path, ({ calls }) => {
          for (const sum of calls) sum.cost = '1';
        }),
    ],
    [
      'another version',
      /another version/,
      (path: string) => changeManifest(path, ({ migrations }) => migrations.push('9_later')),
    ],
  ])('%s', async (name, message, damage) => {
    const database = await world.createDatabase();
    const { owner } = database;
    const path = damaged(name.replaceAll(' ', '-'), damage);
    await expect(world.restoreInto(database, path)).rejects.toThrow(message);
    const tables = await withTransaction(owner, {}, listTables);
    for (const table of tables) {
      const { rows } = await withTransaction(owner, {}, (held) => readContent(held, table));
      expect([table.name, rows]).toEqual([table.name, 0]);
    }
    // The same database takes the whole one.
    await world.restoreInto(database);
  });

  test('books that hold something are left alone', async () => {
    const before = await readTables(books.owner);
    const { owner, ownerUrl: url } = books;
    const into = world.restoreInto({ owner, url });
    await expect(into).rejects.toMatchObject({ code: 'ERR_EXISTS' });
    expect(await readTables(books.owner)).toEqual(before);
  });

  test('an archive of other books is left alone', async () => {
    const other = world.nextArchiveDir();
    mkdirSync(other);
    writeFileSync(join(other, 'theirs.pdf'), 'x');
    const into = world.restoreInto(await world.createDatabase());
    await expect(into).rejects.toThrow(/files of other books/);
  });

  test('a folder that is not empty is not written into', async () => {
    const again = world.backUpTo(world.backup);
    await expect(again).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });
});

function copyFolder(from: string, to: string): void {
  for (const file of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const relative = join(file.parentPath, file.name).slice(from.length + 1);
    mkdirSync(join(to, relative, '..'), { recursive: true });
    writeFileSync(join(to, relative), readFileSync(join(from, relative)));
  }
}
