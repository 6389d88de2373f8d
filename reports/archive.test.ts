// The archive numbers what a report says, keeps the bytes that were made, once, and refuses those that
// somebody changed.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, makeTestFolder } from '../core/test-support.ts';
import { type Calls, makeReport, ORDINARY_CALLS } from '../test/make-facts.ts';
import { archiveBytes, freezeRevision, listArchive, readArchived } from './archive.ts';

const RUN = '00000000-0000-4000-8000-000000000001';
const OTHER_RUN = '00000000-0000-4000-8000-000000000002';
const AS_OF = '2025-03-17T06:00:00.000Z';
const NOW = new Date('2025-03-17T06:00:05Z');

let books: Awaited<ReturnType<typeof createTestBooks>>;
const folder = makeTestFolder();
beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
});
afterAll(async () => {
  await books.close();
  folder.remove();
});
beforeEach(async () => {
  await query(books.owner, 'truncate report_revisions cascade');
  for (const name of readdirSync(folder.path)) rmSync(join(folder.path, name), { recursive: true });
});

const contentOf = (calls: Calls[]) => makeReport(calls).content;
const freeze = (
  calls: Calls[] = ORDINARY_CALLS,
  fields: { run?: string; asOf?: string; now?: Date } = {},
) => {
  const { run = RUN, asOf = AS_OF, now = NOW } = fields;
  return freezeRevision(books.pipeline, { content: contentOf(calls), asOf }, run, now);
};
const archive = (revision: Awaited<ReturnType<typeof freeze>>, bytes: string) =>
  archiveBytes(books.pipeline, folder.path, revision, 'pdf', Buffer.from(bytes));
const entryOf = async (revision: Awaited<ReturnType<typeof freeze>>) => {
  const [entry] = await listArchive(books.pipeline, 'acme', revision.revisionId);
  if (entry === undefined) throw new Error('nothing is archived');
  return entry;
};

describe('a revision', () => {
  test('is the first, and the same content again is the same one', async () => {
    const first = await freeze();
    expect(first).toMatchObject({ isNew: true, provenance: { revision: 1, runId: RUN } });
    const again = await freeze();
    expect(again).toMatchObject({ isNew: false, revisionId: first.revisionId });
    expect(again.content).toEqual(first.content);
  });

  test('does not depend on run, as-of or time of making, and keeps the first ones', async () => {
    const first = await freeze();
    const later = {
      run: OTHER_RUN,
      asOf: '2025-03-18T06:00:00.000Z',
      now: new Date('2025-03-18T06:00:00Z'),
    };
    const again = await freeze(ORDINARY_CALLS, later);
    expect(again.revisionId).toBe(first.revisionId);
    expect(again.provenance).toEqual(first.provenance);
  });

  test.each([
    ['one more call', [...ORDINARY_CALLS, { date: '2025-03-13' }]],
    [
      'a cost that differs by 10^-12',
      ORDINARY_CALLS.with(2, { ...ORDINARY_CALLS[2], cost: '0.013300000001' } as Calls),
    ],
    ['a name', ORDINARY_CALLS.with(2, { ...ORDINARY_CALLS[2], model: 'gpt-4.2' } as Calls)],
  ])('is a next one for %s', async (_name, calls) => {
    await freeze();
    expect(await freeze(calls)).toMatchObject({ isNew: true, provenance: { revision: 2 } });
  });

  test('that goes back to what it said before is a third, for the second was sent', async () => {
    await freeze();
    await freeze([...ORDINARY_CALLS, { date: '2025-03-13' }]);
    expect((await freeze()).provenance.revision).toBe(3);
  });

  test('is made once by eight that freeze the same content at once', async () => {
    const frozen = await Promise.all(Array.from({ length: 8 }, () => freeze()));
    expect(new Set(frozen.map(({ revisionId }) => revisionId)).size).toBe(1);
    expect(frozen.filter(({ isNew }) => isNew)).toHaveLength(1);
  });

  test('gets a number of its own where eight freeze different contents at once', async () => {
    const frozen = await Promise.all(
      Array.from({ length: 8 }, (_, index) => freeze([{ date: '2025-03-12', count: index + 1 }])),
    );
    expect(frozen.map(({ provenance }) => provenance.revision).sort()).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });
});

describe('bytes', () => {
  test('are read back as they were written, with their size and hash on record', async () => {
    const revision = await freeze();
    await archive(revision, 'the bytes');
    const entry = await entryOf(revision);
    expect(entry).toMatchObject({ format: 'pdf', byteCount: 9 });
    expect((await readArchived(folder.path, entry)).toString()).toBe('the bytes');
  });

  test('are never overwritten: who comes second keeps the first ones', async () => {
    const revision = await freeze();
    await archive(revision, 'first');
    await archive(revision, 'second');
    expect((await readArchived(folder.path, await entryOf(revision))).toString()).toBe('first');
  });

  test('control: a rename, as files are usually put in place, replaces what was there', () => {
    const [kept, next] = [join(folder.path, 'kept'), join(folder.path, 'next')];
    writeFileSync(kept, 'first');
    writeFileSync(next, 'second');
    renameSync(next, kept);
    expect(readFileSync(kept, 'utf8')).toBe('second');
  });

  test('of another revision stand beside them', async () => {
    const first = await freeze();
    await archive(first, 'first');
    const second = await freeze([...ORDINARY_CALLS, { date: '2025-03-13' }]);
    await archive(second, 'second');
    expect((await entryOf(second)).path).not.toBe((await entryOf(first)).path);
    expect((await readArchived(folder.path, await entryOf(first))).toString()).toBe('first');
  });

  test('that a run wrote whole before it was killed are adopted, with their own hash', async () => {
    const revision = await freeze();
    await archive(revision, 'probe');
    const { path } = await entryOf(revision);
    await query(books.owner, 'truncate archive_entries');
    rmSync(join(folder.path, path));
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), 'written before the crash');
    await archive(revision, 'written after it');
    const bytes = await readArchived(folder.path, await entryOf(revision));
    expect(bytes.toString()).toBe('written before the crash');
  });

  test('leave nothing unfinished behind, not even when eight write at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const calls = [...ORDINARY_CALLS, { date: '2025-03-13', cost: `${round}` }];
      const revision = await freeze(calls);
      const writers = Array.from({ length: 8 }, (_, index) => archive(revision, `bytes ${index}`));
      await Promise.all(writers);
      const entry = await entryOf(revision);
      const names = readdirSync(dirname(join(folder.path, entry.path)));
      expect(names).toEqual([entry.path.split('/').at(-1)]);
      expect(readFileSync(join(folder.path, entry.path))).toHaveLength(entry.byteCount);
    }
  });

  test.each([
    ['changed', (path: string) => writeFileSync(path, 'the bytez')],
    ['cut', (path: string) => writeFileSync(path, 'the')],
    ['removed', (path: string) => rmSync(path)],
  ])('that were %s are refused', async (_name, tamper) => {
    const revision = await freeze();
    await archive(revision, 'the bytes');
    const entry = await entryOf(revision);
    await expect(readArchived(folder.path, entry)).resolves.toBeDefined();
    tamper(join(folder.path, entry.path));
    await expect(readArchived(folder.path, entry)).rejects.toMatchObject({ code: 'ERR_ARCHIVE' });
  });
});

test('the stored content is the frozen one, to the last character', async () => {
  const calls = [
    { date: '2025-03-12', cost: '0.000000000000000001', model: '"\\ é 🦆 \u2028 </x>' },
  ];
  const frozen = await freeze(calls);
  expect(frozen.content).toEqual(contentOf(calls));
});
