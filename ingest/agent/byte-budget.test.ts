// Rules for the memory that files under way may take: never more than there is, in the order of asking,
// and nothing kept by whoever stops waiting.
import { expect, test } from 'vitest';
import { createByteBudget, type Share } from './byte-budget.ts';

const NEVER = new AbortController().signal;

/** The shares that were given so far. */
function asking(budget: ReturnType<typeof createByteBudget>) {
  const given: Share[] = [];
  const ask = (bytes: number, signal: AbortSignal = NEVER) =>
    budget.take(bytes, signal).then((share) => given.push(share));
  return { given, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('whoever wants more than is free waits until enough was given back', async () => {
  const { given, ask } = asking(createByteBudget(100));
  void ask(60);
  void ask(60);
  await turn();
  expect(given).toHaveLength(1);
  given[0]?.keep(50);
  await turn();
  expect(given).toHaveLength(1);
  given[0]?.keep(40);
  await turn();
  expect(given).toHaveLength(2);
});

test('a small one does not pass a large one that asked before', async () => {
  const { given, ask } = asking(createByteBudget(100));
  void ask(80);
  void ask(100);
  void ask(1);
  await turn();
  expect(given).toHaveLength(1);
  given[0]?.giveBack();
  given[0]?.giveBack();
  await turn();
  expect(given).toHaveLength(2);
  given[1]?.giveBack();
  await turn();
  expect(given).toHaveLength(3);
});

test('whoever stops waiting keeps nobody behind it waiting', async () => {
  const { given, ask } = asking(createByteBudget(100));
  void ask(80);
  const leaving = new AbortController();
  const left = ask(100, leaving.signal);
  void ask(20);
  leaving.abort();
  await expect(left).rejects.toThrow(/abort/);
  expect(given).toHaveLength(2);
  await expect(ask(1, leaving.signal)).rejects.toThrow(/abort/);
});

test('more than all there is means all there is, and nothing at all is free at once', async () => {
  const { given, ask } = asking(createByteBudget(100));
  void ask(0);
  void ask(1_000);
  void ask(1);
  await turn();
  expect(given).toHaveLength(2);
});
