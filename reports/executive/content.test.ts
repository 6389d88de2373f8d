// The executive report's figures and tables from hand-made facts, and that it refuses to be made
// from parts that do not add up.
import { describe, expect, test } from 'vitest';
import { sumDecimals } from '../../core/money.ts';
import { type Calls, type FactsOptions, makeFacts, ORDINARY_CALLS } from '../../test/make-facts.ts';
import type { ReportContent } from '../content.ts';
import { composeExecutive } from './content.ts';
import type { ExecutiveFacts } from './facts.ts';

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

describe('an ordinary week', () => {
  const content = compose(ORDINARY_CALLS);

  test('has six key figures with their exact values', () => {
    expect(content.keyFigures.map(({ id, figure }) => [id, figure.value?.slice(0, 12)])).toEqual([
      ['cost', '6.532'],
      ['calls', '80'],
      ['paid-calls', '70'],
      ['cost-per-paid-call', '0.0933142857'],
      ['tokens-per-call', '500'],
      ['calls-priced', '0.875'],
    ]);
  });

  test('is compared with the week before', () => {
    const cost = keyFigure(content, 'cost');
    expect(cost.previous.value).toBe('4.998');
    expect(cost.change.value?.slice(0, 7)).toBe('0.30692');
    expect(cost.tone).toBe('bad');
    expect(content.headline).toMatch(/rose 31\s%.*\$6\.53/u);
  });

  test('says of a share what it is a share of: a call without a cost has none', () => {
    const models = table(content, 'models');
    const at = models.heads.indexOf('Share of cost');
    const free = models.allRows.find(({ label }) => label.id === 'free/tiny');
    expect(free?.cells[at]?.value).toBeNull();
    expect(free?.cells[at]?.text).not.toMatch(/\d/);
    const shares = models.allRows.flatMap(({ cells }) => cells[at]?.value ?? []);
    expect(Number(sumDecimals(shares))).toBeCloseTo(1, 12);
  });

  test('shows people by a masked number and never in full', () => {
    expect(textsOf(content).filter((text) => text.includes('4155550123'))).toEqual([]);
    expect(table(content, 'users').allRows.map(({ label }) => label.name)).toContain(
      '+1••••••0123',
    );
  });

  test('has a row for each of its seven days, those without calls too', () => {
    expect(content.daily.rows.map(({ date }) => date)).toEqual([
      '2025-03-10',
      '2025-03-11',
      '2025-03-12',
      '2025-03-13',
      '2025-03-14',
      '2025-03-15',
      '2025-03-16',
    ]);
    const cost = content.daily.heads.indexOf('Cost');
    expect(sumDecimals(content.daily.rows.map(({ cells }) => cells[cost]?.value ?? '0'))).toBe(
      '6.532',
    );
  });

  test('has a total for what changed, equal to the change of the cost', () => {
    const rows = content.changes.rows;
    expect(rows.find(({ isTotal }) => isTotal)?.change.value).toBe('1.534');
    expect(
      sumDecimals(rows.filter(({ isTotal }) => !isTotal).map(({ change }) => change.value ?? '0')),
    ).toBe('1.534');
  });

  test('is the same content from the same facts', () => {
    expect(compose(ORDINARY_CALLS)).toEqual(content);
  });
});

describe('extremes', () => {
  const many = Array.from({ length: 40 }, (_, index) => ({
    date: '2025-03-12',
    count: 3,
    cost: String((index + 1) / 10_000),
    model: `${'m'.repeat(57)}-${index}`,
    user: `user-${index}`,
    tokens: index,
  }));

  test('of 40 models the largest are shown, the rest is one row, and the page adds up', () => {
    const content = compose([...many, { date: '2025-03-12', cost: '9990.01', model: 'big' }]);
    for (const id of ['models', 'users']) {
      const { rows, allRows, heads } = table(content, id);
      const cost = heads.indexOf('Cost');
      const parts = rows.filter(({ isTotal }) => !isTotal);
      const total = rows.find(({ isTotal }) => isTotal);
      expect(rows.length).toBeLessThan(15);
      expect(allRows.length).toBeGreaterThanOrEqual(40);
      expect(sumDecimals(parts.map(({ cells }) => cells[cost]?.value ?? '0'))).toBe(
        total?.cells[cost]?.value,
      );
      expect(total?.cells[cost]?.value).toBe(keyFigure(content, 'cost').figure.value);
    }
    expect(table(content, 'models').allRows[0]?.label.id).toBe('big');
  });

  test('no amount above zero reads as zero, from $0.0004 to $9,990.01', () => {
    for (const cost of ['0.0004', '0.0096', '0.1', '1', '9990.01']) {
      const { text } = keyFigure(
        compose([{ date: '2025-03-12', count: 30, cost }]),
        'cost-per-paid-call',
      ).figure;
      expect(text, cost).toMatch(/[1-9]/);
    }
  });

  test('two models that would read the same keep what tells them apart', () => {
    const content = compose([
      { date: '2025-03-12', model: 'a/gpt', cost: '1' },
      { date: '2025-03-12', model: 'b/gpt', cost: '2' },
      { date: '2025-03-12', model: 'gpt', provider: 'azure', cost: '3' },
    ]);
    const names = table(content, 'models').allRows.map(
      ({ label }) => `${label.name} ${label.detail}`,
    );
    expect(new Set(names).size).toBe(3);
  });

  test.each(['day', 'week', 'month'] as const)('a %s of any kind of week has no fault', (kind) => {
    for (const weekStart of [1, 7, 3]) {
      const content = compose(ORDINARY_CALLS, {
        kind,
        client: { weekStart, locale: 'de-AT', currency: 'EUR' },
      });
      expect(textsOf(content).filter((text) => /NaN|Infinity|undefined/.test(text))).toEqual([]);
    }
  });
});

test('the success rate is over the calls whose status is known', () => {
  const content = compose([
    { date: '2025-03-12', count: 30, status: 'success' },
    { date: '2025-03-12', count: 10, status: 'error' },
    { date: '2025-03-12', count: 60, status: null },
  ]);
  expect(content.status).toMatch(/40 calls.*75\.0.%.*25\.0.%.*60/u);
});

describe('it is not made when its parts do not add up', () => {
  const broken: [string, (facts: ExecutiveFacts) => void][] = [
    [
      'a call is missing in the warehouse',
      (facts) => {
        facts.completeness.inPostgres = '81';
      },
    ],
    [
      'the cost in Postgres is another by 10^-18',
      (facts) => {
        facts.completeness.costDifference = '0.000000000000000001';
      },
    ],
    [
      'a model is missing',
      (facts) => {
        facts.current.models.pop();
      },
    ],
    [
      'the cost of a model is wrong',
      (facts) => {
        Object.assign(facts.current.models[0] ?? {}, { cost: '1' });
      },
    ],
    [
      'a user is missing',
      (facts) => {
        facts.current.users.shift();
      },
    ],
    [
      'a day is missing',
      (facts) => {
        facts.days.pop();
        facts.days.pop();
      },
    ],
  ];

  test.each(broken)('because %s', (_name, damage) => {
    const facts = makeFacts(ORDINARY_CALLS);
    damage(facts);
    expect(() => composeExecutive(facts)).toThrow(
      expect.objectContaining({ code: 'ERR_CHECK_FAILED' }),
    );
  });

  test('control: the same facts undamaged are composed', () => {
    expect(() => composeExecutive(makeFacts(ORDINARY_CALLS))).not.toThrow();
  });
});

describe('where no percentage can be', () => {
  const days = (date: string, cost: string): Calls => ({ date, count: 30, cost });
  const changeOf = (before: string, now: string, id: string) =>
    keyFigure(compose([days('2025-03-04', before), days('2025-03-12', now)]), id).change.text;

  test.each([
    ['a cost from nothing reported', '0', '0.1', 'paid-calls', 'new'],
    ['a cost that is not reported any more', '0.1', '0', 'cost', '–'],
    ['a price per call that is not known any more', '0.1', '0', 'cost-per-paid-call', '–'],
    ['no paid calls after none', '0', '0', 'paid-calls', 'unchanged'],
  ])('%s', (_name, before, now, id, text) => {
    expect(changeOf(before, now, id)).toBe(text);
  });
});
