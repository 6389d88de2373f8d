// The cost that a report speaks of is the one that counts: reported, else computed. What is in another
// currency is named and not added; what nobody knows is never 0.
import { describe, expect, test } from 'vitest';
import { type Calls, type FactsOptions, makeFacts, makeReport } from '../../test/make-facts.ts';
import type { ReportContent } from '../content.ts';
import { composeMail, subjectOf } from '../message.ts';
import { composeExecutive } from './content.ts';

const NOW = '2025-03-12';
const BEFORE = '2025-03-05';
const EURO: FactsOptions = { client: { currency: 'EUR' } };

const compose = (calls: Calls[], options?: FactsOptions) =>
  composeExecutive(makeFacts(calls, options));
const keyFigure = (content: ReportContent, id: string) => {
  const found = content.keyFigures.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no key figure ${id}`);
  return found;
};
const costRow = (content: ReportContent, id: string) => {
  const costs = content.tables.find((table) => table.id === 'costs');
  return costs?.rows.find(({ label }) => label.id === id)?.cells.map(({ text }) => text);
};
/** Every text that a reader sees, with all kinds of spaces as one. */
const textsOf = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value.replace(/\s/g, ' ')]
    : Object.values(value ?? {}).flatMap(textsOf);
const mailOf = (calls: Calls[], options?: FactsOptions) => {
  const mail = composeMail(makeReport(calls, options), {
    from: 'daybook@acme.example',
    to: 'ceo@acme.example',
    messageId: '<1@acme.example>',
    files: [],
  });
  return `${mail.subject}\n${mail.text}\n${mail.html}`.replace(/\s/g, ' ');
};

describe('calls that only the price book knows a cost of', () => {
  const calls = [
    { date: BEFORE, count: 40, computed: '0.1' },
    { date: NOW, count: 40, computed: '0.2' },
  ];
  const content = compose(calls);

  test('are paid calls with a cost, in every part of the report', () => {
    expect(content.headline).toMatch(/^Cost rose 100\s% to \$8\.00/);
    expect(keyFigure(content, 'cost')).toMatchObject({
      figure: { value: '8' },
      previous: { value: '4' },
      change: { value: '1' },
    });
    expect(keyFigure(content, 'cost').history.slice(-2)).toEqual(['4', '8']);
    expect(keyFigure(content, 'paid-calls').figure.value).toBe('40');
    expect(keyFigure(content, 'cost-per-paid-call').figure.value).toBe('0.2');
    expect(content.changes.rows.at(-1)?.change.value).toBe('4');
    expect(content.weeks.bars.at(-1)?.figure.value).toBe('8');
    expect(content.days.bars[2]).toMatchObject({ figure: { value: '8' }, behind: { value: '4' } });
    expect(content.daily.rows[2]?.cells.at(-1)?.value).toBe('8');
    const strip = content.strip.map(({ text }) => text);
    expect(strip).toEqual(['$12.00', 'no calls', 'no calls', '$12.00', '2 of 16']);
    for (const id of ['models', 'users', 'providers']) {
      const table = content.tables.find((one) => one.id === id);
      const at = table?.heads.indexOf('Cost') ?? -1;
      expect(table?.allRows[0]?.cells[at]?.value, id).toBe('8');
    }
  });

  test('are told in the mail and its subject', () => {
    expect(subjectOf(makeReport(calls))).toMatch(/: cost \$8\.00 \(\+100\.0\s%\), 20\.0\s¢ a paid/);
    expect(mailOf(calls)).toContain('from $4.00 to $8.00');
  });

  test('stand apart from reported ones, and no report is no report of 0', () => {
    const none = costRow(content, 'computed');
    expect(none).toEqual(['40', '100.0\u202f%', '–', '–', '$8.00', '$8.00']);
    expect(costRow(content, 'all')?.slice(3)).toEqual(['–', '$8.00', '$8.00']);
    const mixed = compose([...calls, { date: NOW, cost: '1', computed: '3' }, { date: NOW }]);
    expect(costRow(mixed, 'reported')?.slice(3)).toEqual(['$1.00', '$3.00', '$1.00']);
    expect(costRow(mixed, 'all')?.slice(3)).toEqual(['$1.00', '$11.00', '$9.00']);
    expect(costRow(mixed, 'unpriced')?.slice(3)).toEqual(['–', '–', 'unknown']);
    expect(keyFigure(mixed, 'cost').figure.value).toBe('9');
  });
});

describe('a cost in another currency than the client’s', () => {
  const dollars = { date: NOW, computed: '3.5', currency: 'USD', user: 'u1' };

  test('is named as the cost where there is no other, and nothing reads as 0', () => {
    const content = compose([dollars], EURO);
    expect(content.headline).toBe('Cost was USD\u00a03.50, not converted, for 1 call');
    expect(keyFigure(content, 'cost')).toMatchObject({
      figure: { value: null, text: 'USD\u00a03.50' },
      comparison: 'not converted',
    });
    expect(keyFigure(content, 'paid-calls').comparison).toBe('and 1 in USD');
    expect(costRow(content, 'computed')?.slice(3)).toEqual(['–', '–', 'USD\u00a03.50']);
    expect(content.strip.map(({ text }) => text)).toContain('1 of 16');
    expect(content.completeness.otherCurrencies).toEqual(['USD 3.50']);
    const { keyFigures, tables, strip, headline, lede, changes } = content;
    const shown = keyFigures.map(({ figure, comparison }) => [figure.text, comparison]);
    const said = textsOf({ shown, tables, strip, headline, lede, changes });
    expect(said.filter((text) => text.includes('€0.00'))).toEqual([]);
    const mail = mailOf([dollars], EURO);
    expect(mail).toContain('cost was USD 3.50, not converted, for 1 call');
    expect(mail).not.toContain('€0.00');
  });

  test('is named beside the cost in the client’s, and in no sum', () => {
    const euros = { date: NOW, count: 30, cost: '1', currency: 'EUR' };
    const content = compose([euros, dollars], EURO);
    expect(content.headline).toBe('Cost was €30.00 for 31 calls');
    expect(content.lede).toContain('A further USD\u00a03.50 is not converted.');
    expect(costRow(content, 'all')?.at(-1)).toBe('€30.00');
    expect(content.strip[0]?.text).toBe('€30.00 and USD\u00a03.50');
    expect(costRow(content, 'USD')).toEqual(['1', '3.2\u202f%', '–', '–', '–', 'USD\u00a03.50']);
    // Control: without it nothing is said.
    expect(compose([euros], EURO).lede).not.toContain('converted');
  });

  test('of several kinds is listed, each by itself', () => {
    const pounds = { ...dollars, computed: '1', currency: 'GBP' };
    const content = compose([dollars, pounds], EURO);
    expect(content.headline).toBe(
      'Cost was USD\u00a03.50 and GBP\u00a01.00, not converted, for 2 calls',
    );
    expect(keyFigure(content, 'cost').figure.text).toBe('not in EUR');
  });

  test('in the period before is named there', () => {
    const content = compose([{ ...dollars, date: BEFORE }], EURO);
    expect(content.lede).toMatch(/had 1 call and a cost of USD\s3\.50\.$/);
  });
});

describe('a cost that nobody knows', () => {
  test('is no $0.00 anywhere but where there were no calls', () => {
    const content = compose([{ date: NOW, count: 50 }]);
    expect(keyFigure(content, 'cost').figure.text).toBe('unknown');
    expect(content.daily.rows[2]?.cells.at(-1)).toMatchObject({ value: null, text: 'unknown' });
    expect(content.days.bars[2]?.figure).toMatchObject({ value: null, text: '?' });
    expect(content.days.subtitle).toMatch(/; \? is unknown$/);
    expect(content.strip[0]?.text).toBe('unknown');
    expect(subjectOf(makeReport([{ date: NOW, count: 50 }]))).toMatch(
      /: what 50 calls cost is unknown$/,
    );
    expect(content.lede).toMatch(/No cost was reported, and none could be computed\.$/);
    expect(compose([{ date: BEFORE, count: 50 }]).lede).toMatch(/had 50 calls of unknown cost\.$/);
  });

  test('makes no model look cheaper than before', () => {
    const before = { date: BEFORE, count: 30, cost: '1' };
    const [row] = compose([before, { date: NOW, count: 30 }]).changes.rows;
    expect(row).toMatchObject({ current: { value: null, text: 'unknown' }, tone: 'neutral' });
    // Control: a model that was not called any more did cost less.
    const [stopped] = compose([before, { date: NOW, model: 'other' }]).changes.rows;
    expect(stopped).toMatchObject({ current: { value: '0' }, tone: 'good' });
  });

  test('control: free calls cost 0, which is known', () => {
    const content = compose([{ date: NOW, count: 50, computed: '0', currency: 'USD' }], EURO);
    expect(keyFigure(content, 'cost').figure.text).toBe('€0.00');
    expect(content.lede).toContain('The cost of every call is known.');
  });
});

describe('one model that makes up the cost', () => {
  const lead = (calls: Calls[]) => compose(calls).attention[0]?.lead;
  const one = { date: NOW, count: 10, cost: '1', model: 'a' };

  test.each([
    ['95\u202f% of the cost is one model,', { ...one, model: 'b', count: 1, cost: '0.5' }],
    ['Nearly all of the cost is one model,', { ...one, model: 'b', count: 1, cost: '0.001' }],
    ['All of the cost is one model,', { date: NOW, model: 'b', computed: '0' }],
  ])('%s', (text, other) => {
    expect(lead([one, other])).toBe(text);
  });

  test('says of what it is a share where some cost is unknown', () => {
    const others = [
      { ...one, model: 'b', count: 1, cost: '0.5' },
      { date: NOW, model: 'c' },
    ];
    expect(lead([one, ...others])).toBe('95\u202f% of the known cost is one model,');
  });

  test('is no news where it is the only one of known cost', () => {
    expect(lead([one, { date: NOW, model: 'b' }])).toMatch(/no known cost/);
  });
});

test('what is said of few calls is what is done: amounts, and no percentage', () => {
  const content = compose([
    { date: BEFORE, count: 2, cost: '1' },
    { date: NOW, count: 3, cost: '1' },
  ]);
  expect(content.definitions.find(({ term }) => term === 'Change')?.meaning).toMatch(
    /Under 20 calls in either.*as an amount and never as a percentage/,
  );
  expect(keyFigure(content, 'cost')).toMatchObject({
    change: { value: null },
    comparison: '$1.00 more than W10',
  });
  expect(content.changes.rows[0]?.change.text).toBe('+1.00');
});
