// The only importer of ExcelJS: a report's content → a typed workbook. Sheet names, their order and
// their column heads are a contract with the formulas that analysts write against them.
import ExcelJS from 'exceljs';
import { AppError } from '../core/errors.ts';
import type { Figure, FigureFormat, Measure, Report, SmsSection, Table } from './content.ts';
import { currencyDigits, formatInstant } from './format.ts';
import { pageNote, shortRunId } from './render-html.ts';
import {
  addCover,
  addTableSheet,
  type Column,
  dateCell,
  makeWorkbook,
  numberCell,
  textCell,
  type Value,
} from './workbook.ts';

/** Renders a report. Throws ERR_RENDER when a sheet would break the format's limits. */
export async function renderXlsx(report: Report): Promise<Buffer> {
  const { content } = report;
  const workbook = makeWorkbook(new ExcelJS.Workbook(), {
    title: `${content.client.name}: ${content.title}, ${content.period.name}`,
    createdAt: report.provenance.createdAt,
  });
  addCover(workbook, coverLines(report));
  addTableSheet(
    workbook,
    'Key figures',
    KEY_FIGURE_COLUMNS,
    measureRows(content.keyFigures, content.client.currency),
  );
  addTableSheet(workbook, 'Daily', dailyColumns(report), dailyRows(report));
  addTables(workbook, TABLE_SHEETS, content.tables, content.client.currency);
  if (content.sms !== undefined) addSms(workbook, content.sms);
  addTableSheet(workbook, 'Definitions', DEFINITION_COLUMNS, definitionRows(report));
  if (content.restated !== undefined)
    addTableSheet(workbook, 'Restated', RESTATED_COLUMNS, restatedRows(report));
  return Buffer.from(await workbook.xlsx.writeBuffer());
}

/** The sheets of a client with texts. */
function addSms(workbook: ExcelJS.Workbook, { measures, tables, currency }: SmsSection): void {
  addTableSheet(workbook, 'SMS', KEY_FIGURE_COLUMNS, measureRows(measures, currency));
  addTables(workbook, SMS_SHEETS, tables, currency);
}

function addTables(
  workbook: ExcelJS.Workbook,
  sheets: readonly (readonly [name: string, id: string])[],
  tables: Table[],
  currency: string,
): void {
  for (const [name, id] of sheets) {
    const table = tables.find((candidate) => candidate.id === id);
    if (table === undefined) throw new AppError('ERR_RENDER', `the content has no table "${id}"`);
    const rows = tableRows(table, currency);
    const shown = rows.length > 0 ? rows : [[textCell(table.empty)]];
    addTableSheet(workbook, name, tableColumns(table, currency), shown);
  }
}

const SMS_SHEETS = [
  ['SMS costs', 'sms-costs'],
  ['SMS categories', 'sms-categories'],
  ['SMS users', 'sms-users'],
] as const;

const TABLE_SHEETS = [
  ['Costs', 'costs'],
  ['Models', 'models'],
  ['Users', 'users'],
  ['Providers', 'providers'],
  ['Chatbots', 'chatbots'],
] as const;

const KEY_FIGURE_COLUMNS: Column[] = [
  { head: 'Key figure', width: 22 },
  { head: 'Unit', width: 10 },
  { head: 'This period', width: 16, isNumber: true },
  { head: 'Period before', width: 16, isNumber: true },
  { head: 'Change', width: 18, isNumber: true },
  { head: 'Change in', width: 12 },
  { head: 'Reads as', width: 16 },
  { head: 'Exact value (text)', width: 30 },
];

const RESTATED_COLUMNS: Column[] = [
  { head: 'Period', width: 22 },
  { head: 'Figure', width: 22 },
  { head: 'Unit', width: 10 },
  { head: 'As it closed', width: 16, isNumber: true },
  { head: 'Now', width: 16, isNumber: true },
  { head: 'Change', width: 16, isNumber: true },
  { head: 'Because of', width: 30 },
];

const DEFINITION_COLUMNS: Column[] = [
  { head: 'Term', width: 22 },
  { head: 'Meaning', width: 72 },
];

function coverLines({ content, provenance }: Report) {
  const { client, period, completeness } = content;
  const asOf = formatInstant(provenance.asOf, client.timeZone);
  return {
    head: `${client.name} · ${content.title}`,
    headline: content.headline,
    lede: content.lede,
    facts: [
      ['Period', `${period.name} (${period.key})`],
      ['First day', dateCell(period.start)],
      ['Day after the last', dateCell(period.end)],
      ['Time zone', client.timeZone],
      ['Currency', client.currency],
      ['Data as of', asOf],
      ['Run', shortRunId(provenance.runId)],
      ['Revision', numberCell(String(provenance.revision), '0')],
      ...(content.notice === undefined
        ? []
        : [['Note', `${content.notice.lead} ${content.notice.rest}`]]),
      ['Calls in Postgres', figureCell(completeness.inPostgres, client.currency)],
      ['Calls in DuckDB', figureCell(completeness.inWarehouse, client.currency)],
      ['Calls in this report', figureCell(completeness.inReport, client.currency)],
      ['Difference', figureCell(completeness.difference, client.currency)],
      ...completeness.otherCurrencies.map((amount): [string, Value] => [
        'In another currency, not converted',
        amount,
      ]),
      ['Success and errors', content.status],
    ] as [string, Value][],
    note: pageNote({ content, provenance }),
  };
}

function measureRows(measures: Measure[], currency: string): Value[][] {
  return measures.map(({ label, figure, previous, change }) => [
    textCell(label),
    textCell(unitOf(figure.format, currency)),
    figureCell(figure, currency),
    figureCell(previous, currency),
    figureCell(change, currency),
    textCell(change.value === null ? '' : unitOf(change.format, currency)),
    textCell(figure.text),
    textCell(figure.value ?? ''),
  ]);
}

function dailyColumns({ content }: Report): Column[] {
  const heads = content.daily.heads.map((head) => ({
    head: withUnit(head, content.client.currency),
    width: 18,
    isNumber: true,
  }));
  return [{ head: 'Day', width: 14 }, ...heads];
}

function dailyRows({ content }: Report): Value[][] {
  return content.daily.rows.map(({ date, cells }) => [
    dateCell(date),
    ...cells.map((cell) => figureCell(cell, content.client.currency)),
  ]);
}

function tableColumns(table: Table, currency: string): Column[] {
  return [
    { head: table.labelHead, width: 46 },
    { head: 'Detail', width: 16 },
    ...table.heads.map((head) => ({ head: withUnit(head, currency), width: 14, isNumber: true })),
  ];
}

function tableRows(table: Table, currency: string): Value[][] {
  return table.allRows.map(({ label, cells }) => [
    textCell(label.id),
    textCell(label.detail),
    ...cells.map((cell) => figureCell(cell, currency)),
  ]);
}

function restatedRows({ content }: Report): Value[][] {
  const { currency } = content.client;
  const rows = content.restated?.rows ?? [];
  return rows.map(({ period, label, previous, current, change, why }) => [
    textCell(period),
    textCell(label),
    textCell(unitOf(current.format, currency)),
    ...[previous, current, change].map((figure) => figureCell(figure, currency)),
    textCell(why),
  ]);
}

function definitionRows({ content }: Report): Value[][] {
  return content.definitions.map(({ term, meaning }) => [textCell(term), textCell(meaning)]);
}

/** The exact value as a number with its format; the text where nothing is known. */
function figureCell(figure: Figure, currency: string): Value {
  if (figure.value === null) return textCell(figure.text);
  return numberCell(figure.value, numberFormat(figure.format, currency));
}

/** The currency's own decimals always, and up to four more where there are any. */
function numberFormat(format: FigureFormat, currency: string): string {
  const symbol = currency === 'USD' ? '"$"' : `"${currency} "`;
  const zeros = '0'.repeat(currencyDigits(currency));
  // Without decimals of its own an amount would end in a lone point.
  const decimals = (always: string) => `${symbol}#,##0${always === '' ? '' : `.${always}####`}`;
  return {
    money: `${decimals(zeros)};-${decimals(zeros)}`,
    'unit-price': `${decimals('0000')};-${decimals('0000')}`,
    integer: '#,##0',
    decimal: '#,##0.0',
    percent: '0.0%',
    points: '+0.0%;-0.0%;0.0%',
    duration: '#,##0.000" s"',
  }[format];
}

function unitOf(format: FigureFormat, currency: string): string {
  return {
    money: currency,
    'unit-price': currency,
    integer: 'count',
    decimal: 'count',
    percent: '%',
    points: '% points',
    duration: 's',
  }[format];
}

function withUnit(head: string, currency: string): string {
  return /cost$|per paid call|^per answer$|^(Reported|Computed|Counts|Estimated)$/i.test(head) &&
    !/share|without/i.test(head)
    ? `${head} (${currency})`
    : head;
}
