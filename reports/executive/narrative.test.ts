// What the report says in words of empty, small and first periods, of rising, falling and unknown
// costs: nothing that its figures do not carry.
import { describe, expect, test } from 'vitest';
import { type Calls, type FactsOptions, makeFacts, ORDINARY_CALLS } from '../../test/make-facts.ts';
import type { ReportContent } from '../content.ts';
import { MINUS } from '../format.ts';
import { composeExecutive } from './content.ts';

const compose = (calls: Calls[], options?: FactsOptions) =>
  composeExecutive(makeFacts(calls, options));
const keyFigure = (content: ReportContent, id: string) => {
  const found = content.keyFigures.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no key figure ${id}`);
  return found;
};
const table = (content: ReportContent, id: string) => {
  const found = content.tables.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no table ${id}`);
  return found;
};
/** Every text of the content that a reader sees. */
const textsOf = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(textsOf);

describe('a week', () => {
  test('without calls says so, and draws nothing from nothing', () => {
    const content = compose([]);
    expect(content.headline).toMatch(/^No calls/);
    expect(keyFigure(content, 'calls').figure.value).toBe('0');
    expect(keyFigure(content, 'cost-per-paid-call').figure.value).toBeNull();
    expect(table(content, 'models').rows).toEqual([]);
    expect(table(content, 'models').empty).not.toBe('');
    expect(content.completeness.difference.value).toBe('0');
    expect(content.status).toMatch(/not reported/);
  });

  test('without calls after one that had some gives the figures of that one', () => {
    expect(compose(ORDINARY_CALLS.slice(0, 2)).lede).toMatch(/80 calls.*\$5\.00/);
  });

  test('with one call speaks of one call, and compares nothing', () => {
    const content = compose([{ date: '2025-03-12', cost: '0.0004' }]);
    expect(content.headline).toMatch(/\$0\.00040.* 1 call$/);
    for (const { change } of content.keyFigures) expect(change.value).toBeNull();
  });

  test('with few calls gives no percentage and says why', () => {
    const few = [
      { date: '2025-03-05', count: 12, cost: '1' },
      { date: '2025-03-12', count: 400, cost: '1' },
    ];
    const content = compose(few);
    expect(content.lede).toMatch(/^12 calls.*too few to compare/);
    for (const { change, tone } of content.keyFigures) {
      expect(change.value).toBeNull();
      expect(tone).toBe('neutral');
    }
    // Control: with twenty the same two weeks are compared.
    const enough = compose([
      { date: '2025-03-05', count: 20, cost: '1' },
      { date: '2025-03-12', count: 400, cost: '1' },
    ]);
    expect(keyFigure(enough, 'cost').change.value).toBe('19');
  });

  test('that is the first is not compared with nothing', () => {
    const content = compose([{ date: '2025-03-12', count: 50, cost: '0.5' }]);
    expect(keyFigure(content, 'cost').change.value).toBeNull();
    expect(content.headline).toMatch(/\$25\.00/);
    expect(textsOf(content).filter((text) => /NaN|Infinity|undefined|null/.test(text))).toEqual([]);
  });

  test('in which no call has a known cost knows no cost, and calls none free', () => {
    const content = compose([{ date: '2025-03-12', count: 50 }]);
    expect(keyFigure(content, 'cost').figure.value).toBeNull();
    expect(keyFigure(content, 'cost').figure.text).not.toMatch(/\d/);
    expect(content.headline).toBe('What 50 calls cost is unknown');
    const said = textsOf({ ...content, definitions: [] }).join('\n');
    expect(said).not.toMatch(/\bfree\b/i);
    expect(keyFigure(content, 'calls-priced').figure.value).toBe('0');
  });

  test('that cost the same held its cost', () => {
    const same = [
      { date: '2025-03-05', count: 50, cost: '0.5' },
      { date: '2025-03-12', count: 50, cost: '0.5' },
    ];
    const content = compose(same);
    expect(content.headline).toMatch(/held at \$25\.00/);
    expect(keyFigure(content, 'cost').tone).toBe('neutral');
  });

  test('that cost less fell, which is good, and carries a real minus', () => {
    const less = [
      { date: '2025-03-05', count: 50, cost: '1' },
      { date: '2025-03-12', count: 50, cost: '0.5' },
    ];
    const content = compose(less);
    expect(content.headline).toMatch(/fell 50\s%/u);
    expect(keyFigure(content, 'cost')).toMatchObject({ tone: 'good', change: { value: '-0.5' } });
    expect(keyFigure(content, 'cost').change.text.startsWith(MINUS)).toBe(true);
  });

  test('keeps other currencies apart: said exactly, and in no sum', () => {
    const content = compose([
      { date: '2025-03-12', count: 30, cost: '1' },
      { date: '2025-03-12', count: 3, cost: '0.1', currency: 'EUR', model: 'euro' },
      { date: '2025-03-12', count: 2, cost: '0', currency: 'GBP', model: 'pound' },
    ]);
    expect(keyFigure(content, 'cost').figure.value).toBe('30');
    expect(keyFigure(content, 'calls').figure.value).toBe('35');
    expect(keyFigure(content, 'paid-calls').figure.value).toBe('30');
    expect(content.completeness.otherCurrencies).toEqual(['EUR 0.30']);
  });
});
