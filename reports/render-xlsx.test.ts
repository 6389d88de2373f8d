// The workbook as analysts use it: typed cells with formats, heads that stay, filters, nothing merged,
// sheets in an order that formulas can rely on.
import ExcelJS from 'exceljs';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeReport, ORDINARY_CALLS } from '../test/make-facts.ts';
import { renderXlsx } from './render-xlsx.ts';

const report = makeReport(ORDINARY_CALLS);
let workbook: ExcelJS.Workbook;
beforeAll(async () => {
  workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load((await renderXlsx(report)) as unknown as ArrayBuffer);
});

const sheet = (name: string): ExcelJS.Worksheet => {
  const found = workbook.getWorksheet(name);
  if (found === undefined) throw new Error(`no sheet ${name}`);
  return found;
};

/** The heads of a table by column number; columns count from one. */
const headsOf = (table: ExcelJS.Worksheet) =>
  Array.from(table.getRow(1).values as unknown[], String);

test('the sheets are those of the contract, the cover first', () => {
  const names = workbook.worksheets.map(({ name }) => name);
  expect(names).toEqual([
    'Cover',
    'Key figures',
    'Daily',
    'Costs',
    'Models',
    'Users',
    'Providers',
    'Chatbots',
    'Definitions',
  ]);
});

test('every table has a head that stays, a filter and nothing merged', () => {
  for (const one of workbook.worksheets.slice(1)) {
    expect(one.views[0], one.name).toMatchObject({ state: 'frozen', ySplit: 1 });
    expect(one.autoFilter, one.name).toBeTruthy();
    expect((one.model as unknown as { merges: unknown[] }).merges, one.name).toEqual([]);
    expect(one.pageSetup.printTitlesRow, one.name).toBe('1:1');
  }
});

describe('cells', () => {
  test('of amounts are numbers that can be summed to the cost, or say that it is unknown', () => {
    const daily = sheet('Daily');
    const heads = headsOf(daily);
    const cost = heads.findIndex((head) => head.startsWith('Cost'));
    const values = daily.getColumn(cost).values.slice(2);
    expect(values).toEqual([0.532, 0, 6, 0, 0, 0, 'unknown']);
    expect(daily.getRow(2).getCell(cost).numFmt).toMatch(/\$.*0\.00/);
  });

  test('of days are dates, at midnight in no zone', () => {
    const cell = sheet('Daily').getCell('A2');
    expect(cell.type).toBe(ExcelJS.ValueType.Date);
    expect(cell.value).toEqual(new Date('2025-03-10T00:00:00Z'));
    expect(cell.numFmt).toBe('yyyy-mm-dd');
  });

  test('of shares are fractions with a per cent format', () => {
    const models = sheet('Models');
    const heads = headsOf(models);
    const cell = models.getRow(2).getCell(heads.indexOf('Share of cost'));
    expect(cell.value).toBeGreaterThan(0);
    expect(cell.value).toBeLessThanOrEqual(1);
    expect(cell.numFmt).toMatch(/%/);
  });

  test('of what is unknown are words and not zero', () => {
    const models = sheet('Models');
    const heads = headsOf(models);
    const cost = heads.findIndex((head) => head.startsWith('Cost'));
    const row = models.getColumn(1).values.indexOf('free/tiny');
    expect(models.getRow(row).getCell(cost).type).toBe(ExcelJS.ValueType.String);
  });

  test('hold no link and no formula, and none is empty by accident', () => {
    for (const one of workbook.worksheets) {
      one.eachRow((row) => {
        row.eachCell((cell) => {
          expect([ExcelJS.ValueType.Formula, ExcelJS.ValueType.Hyperlink]).not.toContain(cell.type);
          expect(String(cell.value)).not.toMatch(/NaN|undefined|Infinity/);
        });
      });
    }
  });
});

test('an amount with eighteen decimals keeps them as text beside the number', async () => {
  const exact = makeReport([{ date: '2025-03-12', cost: '0.123456789012345678' }]);
  const other = new ExcelJS.Workbook();
  await other.xlsx.load((await renderXlsx(exact)) as unknown as ArrayBuffer);
  const values = (other.getWorksheet('Key figures')?.getRow(2).values as unknown[]) ?? [];
  expect(values).toContain('0.123456789012345678');
  // Control: the number alone has lost the last ones.
  expect(String(Number('0.123456789012345678'))).not.toBe('0.123456789012345678');
});
