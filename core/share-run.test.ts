// Rules of shared runs: one at a time per key, and never an answer that is older than the question.
import { expect, test } from 'vitest';
import { shareNextRun } from './share-run.ts';

/** A lookup that answers when it is told to, and says how often it ran. */
function makeLookup() {
  const pending: ((value: string) => void)[] = [];
  const lookup = shareNextRun(
    (key: string) =>
      new Promise<string>((resolve) => pending.push((value) => resolve(`${key} ${value}`))),
  );
  return { lookup, pending };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('callers that ask while a run is under way share the next one', async () => {
  const { lookup, pending } = makeLookup();
  const first = lookup('a');
  await settle();
  const others = [lookup('a'), lookup('a'), lookup('a')];
  await settle();
  expect(pending).toHaveLength(1);
  pending[0]?.('old');
  expect(await first).toBe('a old');
  await settle();
  expect(pending).toHaveLength(2);
  pending[1]?.('new');
  expect(await Promise.all(others)).toEqual(['a new', 'a new', 'a new']);
});

test('keys do not wait for each other', async () => {
  const { lookup, pending } = makeLookup();
  const answers = [lookup('a'), lookup('b')];
  await settle();
  expect(pending).toHaveLength(2);
  for (const resolve of pending) resolve('x');
  expect(await Promise.all(answers)).toEqual(['a x', 'b x']);
});

test('a run that fails fails for those who share it, and the next one runs', async () => {
  let runs = 0;
  const lookup = shareNextRun(async (key: string) => {
    runs += 1;
    if (runs === 1) throw new Error('away');
    return key;
  });
  await expect(lookup('a')).rejects.toThrow('away');
  expect(await lookup('a')).toBe('a');
});
