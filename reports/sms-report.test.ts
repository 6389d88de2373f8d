// The section on texting from booked rows to the reader: its figures from HTML, PDF and workbook are
// those that were computed by hand from the rows; a client without texts has no such section.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { periodContaining } from '../core/calendar.ts';
import { addTestClient, createTestBooks, makeTestFolder, silentLog } from '../core/test-support.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { bookEvents } from '../test/booked-events.ts';
import { type BookedTask, bookLoneText, bookTasks } from '../test/sms-rows.ts';
import { readPdfText } from '../test/support.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { launchBrowser } from './browser.ts';
import type { Report } from './content.ts';
import { composeExecutive } from './executive/content.ts';
import { loadExecutiveFacts } from './executive/facts.ts';
import { renderHtml } from './render-html.ts';
import { renderPdf } from './render-pdf.ts';
import { renderXlsx } from './render-xlsx.ts';

const folder = makeTestFolder();
let books: Awaited<ReturnType<typeof createTestBooks>>;
let held: TestWarehouse;
beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
  await addTestClient(books.app);
  await bookTasks(books.owner, 'acme', [...answers(20, '2025-03-04', 'before'), ...thisWeek()]);
  const lone = { id: 'code', at: '2025-03-12T10:00:00Z', price: '0.01' };
  await bookLoneText(books.owner, 'acme', lone);
  await addTestClient(books.app, { clientId: 'euros' });
  await bookTasks(books.owner, 'euros', billedInEuros());
  await addTestClient(books.app, { clientId: 'quiet' });
  const call = { id: 'a', at: '2025-03-12T10:00:00Z', cost: '1' };
  await bookEvents(books.app, 'quiet', [call]);
  await refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });
});
afterAll(async () => {
  held.remove();
  folder.remove();
  await books.close();
});

/** Answers of 0.05 each: 0.01 in, 0.02 out, 0.01 of fee, 0.01 of model; the nth took n seconds. */
function answers(count: number, date: string, id: string): BookedTask[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${id}-${index}`,
    at: `${date}T10:00:00Z`,
    user: index < 5 ? 'sms-a' : 'sms-b',
    category: 'coding',
    seconds: index + 1,
    texts: [
      { price: '0.01', estimate: '0.01' },
      { price: '0.02', estimate: '0.025', fee: '0.01', segments: 2 },
    ],
    calls: [{ cost: '0.01' }],
  }));
}

/** 20 such answers, one of unknown cost, one failed, one that opted out, one that waits. */
function thisWeek(): BookedTask[] {
  const at = '2025-03-12T12:00:00Z';
  const texts = [{ estimate: '0.01' }];
  return [
    ...answers(20, '2025-03-11', 'now'),
    { id: 'unknown', at, texts: [{ price: '0.01' }, {}], calls: [{ cost: null }], seconds: 60 },
    { id: 'failed', at, status: 'failed', error: 'openai_timeout', texts, late: true },
    { id: 'stop', at, status: 'ignored', keyword: 'stop', texts },
    { id: 'waits', at, status: 'received', seconds: null, texts },
  ];
}

/** Of an account in euros: one answer at its told price, one that is not told yet. */
function billedInEuros(): BookedTask[] {
  const at = '2025-03-12T12:00:00Z';
  const [euros, estimate] = [{ currency: 'EUR' }, '0.0083'];
  const out = { ...euros, estimate, fee: '0.003' };
  const calls = [{ cost: '0.0005' }];
  const texts = [
    { ...euros, price: '0.007', estimate },
    { ...out, price: '0.08' },
  ];
  return [
    { id: 'told', at, texts, calls },
    { id: 'waiting', at, category: 'coding', texts: [{ ...euros, estimate }, out] },
  ];
}

async function reportOf(clientId: string): Promise<Report> {
  const facts = await loadExecutiveFacts(
    books.pipeline,
    held.warehouse,
    clientId,
    () => periodContaining('week', '2025-03-12', 1),
    new Date('2025-03-17T06:00:00Z'),
  );
  const at = '2025-03-17T06:00:00.000Z';
  const runId = '00000000-0000-4000-8000-000000000001';
  return {
    content: composeExecutive(facts),
    provenance: { runId, revision: 1, asOf: at, createdAt: at },
  };
}

const sectionOf = async (clientId: string) => {
  const { sms } = (await reportOf(clientId)).content;
  if (sms === undefined) throw new Error('no section on texting');
  return sms;
};

test('the figures are those of the rows, exactly', async () => {
  const { measures } = await sectionOf('acme');
  const figures = measures.map(({ id, figure, previous }) => [id, figure.value, previous.value]);
  expect(figures).toEqual([
    ['texts-received', '25', '20'],
    ['answered', '0.913043478260869565', '1'],
    ['failed', '1', '0'],
    ['time-to-answer', '11', '10'],
    // 20 of 0.05 and one of which 0.01 is known.
    ['cost-per-answer', '0.048095238095238095', '0.05'],
    ['sms-cost', '1.05', '1'],
    ['time-to-most-answers', '20', '19'],
    ['late', '1', '0'],
    ['waiting', '1', '0'],
    ['opt-outs', '1', '0'],
    ['segments-per-answer', '1.952380952380952381', '2'],
    ['price-against-estimate', '-0.142857142857142857', '-0.142857142857142857'],
  ]);
});

test('the parts add up to the answers, and with what had none to all texting', async () => {
  const { tables } = await sectionOf('acme');
  const rowsOf = (id: string) => tables.find((table) => table.id === id)?.allRows ?? [];
  const texts = rowsOf('sms-costs').map(({ label, cells }) => [
    label.name,
    ...cells.map(({ value, text }) => value ?? text),
  ]);
  expect(
    texts.map(([name, cost, , , estimated, unknown]) => [name, cost, estimated, unknown]),
  ).toEqual([
    ['Texts in', '0.21', '0', '0'],
    ['Texts out', '0.4', '0', '1'],
    ['Carrier fees', '0.2', '0.2', '1'],
    ['Model', '0.2', '–', '1'],
    ['Transcription', '0', '–', '0'],
    ['All answers', '1.01', '0.2', '3'],
    ['Not answered', '0.04', '–', '0'],
    ['All texting', '1.05', '–', '3'],
  ]);
  const categories = rowsOf('sms-categories').map(({ label, cells }) => [
    label.id,
    ...cells.slice(0, 4).map(({ value }) => value),
    cells[5]?.value,
  ]);
  expect(categories).toEqual([
    ['coding', '20', '20', '0', '10', '1'],
    ['general', '4', '1', '1', '60', '0.04'],
    ['none', '1', '0', '0', null, '0.01'],
  ]);
  expect(
    rowsOf('sms-users').map(({ label, cells }) => [label.id, cells[0]?.value, cells[4]?.value]),
  ).toEqual([
    ['sms-b', '15', '0.75'],
    ['sms-a', '5', '0.25'],
    ['sms-1', '4', '0.04'],
    ['nobody known', '1', '0.01'],
  ]);
});

test('it says in words what failed, what is unknown and how good estimates are', async () => {
  const { headline, summary, notes } = await sectionOf('acme');
  expect(headline).toMatch(/^21 of 23 texts got an answer, at 4\.81\s¢ each$/u);
  expect(summary).toMatch(/took 11\ss or less; 80\.2\s% of their known cost went to Twilio/u);
  expect(notes.map(({ lead, rest }) => `${lead} ${rest}`)).toEqual([
    '1 text failed: OpenAI took too long (1).',
    '1 text had no answer to get. 1 opted out.',
    '1 answer cost more than is known: nobody told the cost of 1 text, 1 carrier fee, 1 model call.',
    'Twilio has told the price of 42 of 46 texts. Where both are known it is $0.60 for $0.70 estimated.',
  ]);
});

test('an account in euros has its prices in euros, and our dollars are named beside', async () => {
  const { currency, measures, tables, notes } = await sectionOf('euros');
  expect(currency).toBe('EUR');
  const [all] = measures.filter(({ id }) => id === 'sms-cost');
  expect([all?.figure.value, all?.comparison]).toEqual(['0.087', '+ USD\u00a00.023']);
  const costs = (table: string, column: number) =>
    tables
      .find(({ id }) => id === table)
      ?.allRows.map(
        ({ label, cells }) => `${label.id} ${cells[column]?.value ?? cells[column]?.text}`,
      );
  expect(costs('sms-costs', 0)).toEqual([
    ...['texts-in 0.007', 'texts-out 0.08', 'carrier-fees USD\u00a00.0060'],
    ...['model USD\u00a00.00050', 'transcription 0', 'answers 0.087'],
    ...['not-answered 0', 'all 0.087', 'USD USD 0.0231'],
  ]);
  expect(costs('sms-categories', 5)).toEqual(['general 0.087', 'coding USD\u00a00.020']);
  expect(notes.map(({ lead, rest }) => `${lead} ${rest}`)).toEqual([
    'Twilio has told the price of 2 of 4 texts. There is no estimate in EUR to compare it with.',
    'USD 0.0231 in other currencies are not converted, and in no figure in EUR.',
  ]);
});

describe('read back', () => {
  /** Texts as one, for a PDF breaks and joins its lines as it likes. */
  const packed = (text: string) => text.replace(/[\s\u00a0\u202f]+/g, '');
  const shownTexts = async () => {
    const { headline, summary, measures, tables, notes } = await sectionOf('acme');
    return [
      ...[headline, summary],
      ...measures.flatMap(({ label, figure, comparison }) => [label, figure.text, comparison]),
      ...tables.flatMap(({ title, rows }) => [
        title,
        ...rows.flatMap(({ label, cells }) => [label.name, ...cells.map(({ text }) => text)]),
      ]),
      ...notes.flatMap(({ lead, rest }) => [lead, rest]),
    ];
  };

  test('the page shows every figure and sentence', async () => {
    const html = packed(renderHtml(await reportOf('acme')));
    for (const text of await shownTexts()) {
      expect(html).toContain(packed(text).replaceAll('<', '&lt;'));
    }
  });

  test('so does the PDF', async () => {
    const browser = await launchBrowser(undefined, silentLog());
    try {
      const path = join(folder.path, 'sms.pdf');
      mkdirSync(folder.path, { recursive: true });
      writeFileSync(path, await renderPdf(browser, renderHtml(await reportOf('acme'))));
      const pdf = packed((await readPdfText(path)).text);
      for (const text of await shownTexts()) expect(pdf).toContain(packed(text));
      // Control: a figure that no content holds is not found.
      expect(pdf).not.toContain('4.99¢');
    } finally {
      await browser.close();
    }
  });

  test('the workbook holds the exact values as numbers', async () => {
    const report = await reportOf('acme');
    const workbook = new ExcelJS.Workbook();
    await workbook.xlsx.load((await renderXlsx(report)) as unknown as ArrayBuffer);
    const { measures, tables } = await sectionOf('acme');
    const cellOf = (sheet: string, row: number, column: number) =>
      workbook.getWorksheet(sheet)?.getRow(row).getCell(column);
    measures.forEach(({ label, figure, previous }, index) => {
      expect(cellOf('SMS', index + 2, 1)?.value).toBe(label);
      expect(cellOf('SMS', index + 2, 3)?.value).toBe(Number(figure.value));
      expect(cellOf('SMS', index + 2, 4)?.value).toBe(Number(previous.value));
      expect(cellOf('SMS', index + 2, 8)?.value).toBe(figure.value);
    });
    const sheets = ['SMS costs', 'SMS categories', 'SMS users'];
    tables.forEach(({ allRows }, table) => {
      allRows.forEach(({ cells }, row) => {
        cells.forEach(({ value, text }, column) => {
          const cell = cellOf(sheets[table] ?? '', row + 2, column + 3);
          expect(cell?.value).toBe(value === null ? text : Number(value));
        });
      });
    });
    expect(workbook.worksheets.map(({ name }) => name).slice(-5)).toEqual([
      'SMS',
      ...sheets,
      'Definitions',
    ]);
  });
});

test('a client without texts has no such section, sheet or definition', async () => {
  const report = await reportOf('quiet');
  expect(Object.keys(report.content)).not.toContain('sms');
  expect(JSON.stringify(report.content)).not.toMatch(/text(s|ing)\b|Twilio/);
  expect(renderHtml(report)).not.toContain('sms-head"');
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load((await renderXlsx(report)) as unknown as ArrayBuffer);
  expect(workbook.worksheets.map(({ name }) => name).join()).not.toContain('SMS');
});
