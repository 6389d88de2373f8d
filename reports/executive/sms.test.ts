// What the section on texting says of little, nothing, the unknown and other currencies, from hand-made
// facts: nothing that its figures do not carry, and no section from parts that do not add up.
import { describe, expect, test } from 'vitest';
import { type FactsOptions, makeFacts } from '../../test/make-facts.ts';
import type { SmsSection } from '../content.ts';
import { composeExecutive } from './content.ts';
import type { SmsCosts, SmsPeriod, SmsSums } from './sms-facts.ts';

const NOTHING: SmsCosts = {
  tasks: '0',
  answers: '0',
  answers_of_unknown_cost: '0',
  inbound_texts: '0',
  outbound_texts: '0',
  segments: '0',
  cost: '0',
  told_texts: '0',
  compared_texts: '0',
  compared_told_cost: '0',
  compared_estimated_cost: '0',
  unknown_parts: '0',
  answer_segments: '0',
  answer_cost: '0',
  answer_inbound_cost: '0',
  answer_outbound_cost: '0',
  answer_carrier_fee: '0',
  answer_model_cost: '0',
  answer_transcription_cost: '0',
  answer_inbound_estimate: '0',
  answer_outbound_estimate: '0',
  answer_unknown_inbound: '0',
  answer_unknown_outbound: '0',
  answer_unknown_fees: '0',
  answer_unknown_models: '0',
  answer_unknown_transcriptions: '0',
};

/** A period of answered texts of one category and user, at a known price each in cents. */
function period(count: number, cents: number, more: Partial<SmsSums> = {}): SmsPeriod {
  const cost = String((count * cents) / 100);
  const counts = { tasks: `${count}`, answers: `${count}`, inbound_texts: `${count}` };
  const sums = { cost, answer_cost: cost, answer_outbound_cost: cost };
  const all = { ...NOTHING, ...counts, ...sums, outbound_texts: `${count}`, others: [], ...more };
  const wait = count === 0 ? { median: null, p95: null } : { median: '3', p95: '9' };
  const task = { status: 'answered', category: 'general', errorType: null };
  return {
    all,
    categories: count === 0 ? [] : [{ ...all, id: 'general' }],
    users: count === 0 ? [] : [{ ...all, id: 'sms-1' }],
    tasks: count === 0 ? [] : [{ ...task, tasks: `${count}`, lateTasks: '0', optOuts: '0' }],
    wait,
    waits: new Map([['general', wait]]),
  };
}

function sectionOf(
  current: SmsPeriod,
  before: SmsPeriod,
  { currency = 'USD', ...options }: FactsOptions & { currency?: string } = {},
): SmsSection {
  const facts = { ...makeFacts([], options), sms: { currency, current, before } };
  const { sms } = composeExecutive(facts);
  if (sms === undefined) throw new Error('no section on texting');
  return sms;
}

const measure = ({ measures }: SmsSection, id: string) => {
  const found = measures.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no measure ${id}`);
  return found;
};
/** Every text of the section that a reader sees. */
const textsOf = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(textsOf);

test('without texts after a week that had some it says so, and divides nothing by nothing', () => {
  const section = sectionOf(period(0, 0), period(30, 5));
  expect(section.headline).toBe('No text came in this period');
  expect(measure(section, 'cost-per-answer').figure.value).toBeNull();
  expect(section.tables.map(({ rows }) => rows)).toEqual([[], [], []]);
  expect(section.notes).toEqual([]);
  expect(textsOf(section).filter((text) => /NaN|Infinity|undefined/.test(text))).toEqual([]);
});

describe('nothing is compared', () => {
  test.each([
    ['with too few texts', period(19, 5), period(30, 5), 'too few to compare'],
    ['with none before', period(30, 5), period(0, 0), 'no texts before'],
  ])('%s', (_name, current, before, text) => {
    for (const { change, tone } of sectionOf(current, before).measures) {
      expect(change).toMatchObject({ value: null, text });
      expect(tone).toBe('neutral');
    }
  });

  test('control: two full weeks are', () => {
    const section = sectionOf(period(40, 6), period(20, 5));
    expect(measure(section, 'cost-per-answer')).toMatchObject({
      tone: 'bad',
      change: { value: '0.2' },
    });
    expect(measure(section, 'texts-received')).toMatchObject({
      tone: 'neutral',
      change: { value: '1' },
    });
  });
});

test('a cost of which nothing is known is unknown, and never 0', () => {
  const unknown = {
    answers_of_unknown_cost: '3',
    unknown_parts: '6',
    answer_unknown_outbound: '3',
  };
  const section = sectionOf(period(3, 0, { ...unknown, answer_unknown_fees: '3' }), period(0, 0));
  for (const id of ['cost-per-answer', 'sms-cost']) {
    expect(measure(section, id).figure).toMatchObject({ value: null, text: 'unknown' });
  }
  expect(section.headline).toBe('3 of 3 texts got an answer');
  const parts = section.tables.find(({ id }) => id === 'sms-costs')?.rows ?? [];
  const costs = parts.map(({ label, cells }) => `${label.id} ${cells[0]?.text}`);
  expect(costs).toContain('texts-out unknown');
  expect(costs).toContain('texts-in $0.00');
});

describe('what is in another currency than the texts', () => {
  const dollars = { ...NOTHING, cost: '5', answer_cost: '4', answer_model_cost: '4' };
  const others = [{ id: 'USD', costs: dollars }];
  const rowsOf = ({ tables }: SmsSection, table: string) =>
    tables
      .find(({ id }) => id === table)
      ?.allRows.map(
        ({ label, cells }) => `${label.name}: ${cells.map(({ text }) => text).join(' ')}`,
      )
      .map((text) => text.replaceAll('\u00a0', ' '));

  test('is named beside each figure and in no sum', () => {
    const section = sectionOf(period(20, 5, { others }), period(20, 5), { currency: 'EUR' });
    const [answer, all] = ['cost-per-answer', 'sms-cost'].map((id) => measure(section, id));
    expect(answer).toMatchObject({ figure: { value: '0.05' }, comparison: '+ USD\u00a00.20' });
    expect(all).toMatchObject({ figure: { value: '1' }, comparison: '+ USD\u00a05.00' });
    expect(section.headline).toMatch(/^20 of 20 texts got an answer, at .+ \+ USD\s0\.20 each$/);
    expect(section.summary).toMatch(/they are known to have cost €1\.00 \+ USD\s4\.00\.$/);
    const notes = section.notes.map(({ lead }) => lead);
    expect(notes).toContain('USD 5 in other currencies');
    expect(rowsOf(section, 'sms-costs')).toEqual(
      expect.arrayContaining([
        'Model: USD 4.00 – USD 0.20 – 0',
        expect.stringMatching(/^All answers: €1\.00 /),
        'In USD: USD 5 – USD 0.2 – –',
      ]),
    );
    const shown = section.tables.find(({ id }) => id === 'sms-costs')?.rows.at(-1);
    expect(shown).toMatchObject({
      label: { name: 'In USD' },
      cells: [{ text: 'USD\u00a05.00' }, ...[{}, {}, {}, {}]],
    });
  });

  test('stands where nothing else is known of a figure, and is not compared', () => {
    const before = period(20, 0, { others });
    const section = sectionOf(period(20, 5), before, { currency: 'EUR' });
    for (const [id, text] of [
      ['cost-per-answer', 'USD\u00a00.20'],
      ['sms-cost', 'USD\u00a05.00'],
    ] as const) {
      const { previous, change } = measure(section, id);
      expect([previous.value, previous.text, change.value]).toEqual([null, text, null]);
    }
    const turned = sectionOf(before, period(20, 5), { currency: 'EUR' });
    expect(measure(turned, 'sms-cost').comparison).toBe('not converted');
    expect(rowsOf(turned, 'sms-users')).toEqual([expect.stringContaining('USD 0.20 USD 5.00')]);
  });

  test('has no estimate that a price could be compared with', () => {
    const section = sectionOf(period(20, 5, { told_texts: '40' }), period(0, 0), {
      currency: 'EUR',
    });
    expect(measure(section, 'price-against-estimate').figure.text).toBe('nothing to compare');
    const rests = section.notes.map(({ rest }) => rest);
    expect(rests).toContain('There is no estimate in EUR to compare it with.');
  });

  test('must add up as well', () => {
    const current = period(20, 5, { others });
    Object.assign(current.users[0] ?? {}, { others: [] });
    expect(() => sectionOf(current, period(0, 0))).toThrow('texting in USD by user');
  });
});

describe('it is not made when its parts do not add up', () => {
  test.each<[string, (current: SmsPeriod) => void]>([
    ['a category is missing', ({ categories }) => categories.pop()],
    ['a user is missing', ({ users }) => users.pop()],
    ['a task is missing', ({ tasks }) => tasks.pop()],
    ['a part is off by 10^-18', ({ all }) => Object.assign(all, { answer_model_cost: '1e-18' })],
  ])('because %s', (_name, damage) => {
    const current = period(20, 5);
    damage(current);
    expect(() => sectionOf(current, period(0, 0))).toThrow(
      expect.objectContaining({ code: 'ERR_CHECK_FAILED' }),
    );
  });
});
