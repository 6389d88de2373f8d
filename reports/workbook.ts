// The look and the limits of our workbooks: typed cells, one table per sheet, frozen heads, filters,
// nothing merged. Texts can never become a formula or a link.
import type { Cell, Workbook, Worksheet } from 'exceljs';
import { AppError } from '../core/errors.ts';

/** A cell before it is written. */
export type Value = string | { number: number; format: string } | { date: Date };

export interface Column {
  head: string;
  width: number;
  isNumber?: boolean;
}

export interface Cover {
  head: string;
  headline: string;
  lede: string;
  facts: [string, Value][];
  note: string;
}

const INK = 'FF1B1F24';
const SECONDARY = 'FF5B6570';
const HAIRLINE = 'FFE6E9ED';
const ACCENT = 'FF0B4F6C';
const FONT = 'Calibri';
// Limits of the file format (ECMA-376, Excel specifications and limits).
const ROWS_MAX = 1_048_576;
const SHEET_NAME_MAX = 31;
const TEXT_MAX = 32_767;
const DATE_FORMAT = 'yyyy-mm-dd';
const WIDTH_MAX = 112;
// XML 1.0 allows no other control characters; lone surrogates are no characters at all.
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Sets the properties that readers show. */
export function makeWorkbook(
  workbook: Workbook,
  { title, createdAt }: { title: string; createdAt: string },
): Workbook {
  workbook.title = cleanText(title);
  workbook.creator = 'Daybook';
  workbook.created = new Date(createdAt);
  workbook.modified = new Date(createdAt);
  return workbook;
}

export function textCell(text: string): Value {
  return text;
}

/** A number cell. Throws ERR_RENDER for what Excel cannot hold. */
export function numberCell(value: string, format: string): Value {
  const number = Number(value);
  if (!Number.isFinite(number))
    throw new AppError('ERR_RENDER', `"${value}" is no number for a cell`);
  return { number, format };
}

/** A day; Excel's dates have no zone, and the library writes their UTC parts. */
export function dateCell(date: string): Value {
  return { date: new Date(`${date}T00:00:00Z`) };
}

/** The first sheet: like the head of the page. */
export function addCover(workbook: Workbook, cover: Cover): void {
  const sheet = addSheet(workbook, 'Cover');
  sheet.getColumn(1).width = 34;
  sheet.getColumn(2).width = 78;
  const lines: [string, Partial<Cell['font']>][] = [
    [cover.head, { size: 11, color: { argb: SECONDARY } }],
    [cover.headline, { size: 18, bold: true, color: { argb: INK } }],
    [cover.lede, { size: 11, color: { argb: SECONDARY } }],
  ];
  for (const [text, font] of lines) {
    const row = sheet.addRow([cleanText(text)]);
    row.height = (font?.size ?? 11) * 1.7;
    row.getCell(1).font = { name: FONT, ...font } as Cell['font'];
    row.getCell(1).alignment = { vertical: 'middle' };
  }
  sheet.addRow([]);
  for (const [label, value] of cover.facts) {
    const row = sheet.addRow([label]);
    row.getCell(1).font = { name: FONT, size: 11, color: { argb: SECONDARY } };
    writeCell(row.getCell(2), value);
    row.getCell(2).alignment = { horizontal: 'left', vertical: 'middle' };
  }
  sheet.addRow([]);
  sheet.addRow([cleanText(cover.note)]).getCell(1).font = {
    name: FONT,
    size: 9,
    color: { argb: SECONDARY },
  };
  sheet.getRow(1).border = { top: { style: 'thick', color: { argb: ACCENT } } };
  sheet.views = [{ state: 'normal', showGridLines: false, activeCell: 'A1' }];
}

/** A sheet that is one table. */
export function addTableSheet(
  workbook: Workbook,
  name: string,
  columns: Column[],
  rows: Value[][],
): void {
  if (rows.length + 1 > ROWS_MAX) {
    throw new AppError(
      'ERR_RENDER',
      `sheet "${name}" would have ${rows.length} rows, the most is ${ROWS_MAX - 1}`,
    );
  }
  const sheet = addSheet(workbook, name);
  columns.forEach(({ head, width, isNumber = false }, index) => {
    sheet.getColumn(index + 1).width = fittedWidth(
      { head, width },
      rows.map((row) => row[index]),
    );
    const cell = sheet.getCell(1, index + 1);
    cell.value = cleanText(head);
    cell.font = { name: FONT, size: 11, bold: true, color: { argb: 'FFFFFFFF' } };
    cell.fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: ACCENT } };
    cell.alignment = alignmentOf({ isNumber });
  });
  sheet.getRow(1).height = 20;
  for (const values of rows) {
    const row = sheet.addRow([]);
    values.forEach((value, index) => {
      const cell = row.getCell(index + 1);
      writeCell(cell, value);
      cell.alignment = alignmentOf(columns[index]);
      cell.border = { bottom: { style: 'hair', color: { argb: HAIRLINE } } };
    });
  }
  sheet.views = [
    {
      state: 'frozen',
      ySplit: 1,
      xSplit: 0,
      topLeftCell: 'A2',
      activeCell: 'A1',
      showGridLines: false,
    },
  ];
  sheet.autoFilter = {
    from: { row: 1, column: 1 },
    to: { row: rows.length + 1, column: columns.length },
  };
  sheet.pageSetup.printTitlesRow = '1:1';
}

/** As wide as the head and the longest cell; longer texts than the limit go over several lines. */
function fittedWidth({ head, width }: Column, cells: (Value | undefined)[]): number {
  const longest = Math.max(head.length, ...cells.map(shownLength));
  return Math.min(WIDTH_MAX, Math.max(width, longest + 4));
}

/** A number is shown with grouping, its currency and at most six decimals. */
function shownLength(value: Value | undefined): number {
  if (value === undefined || typeof value === 'string') return value?.length ?? 0;
  if ('date' in value) return DATE_FORMAT.length;
  const unit = /"([^"]*)"/.exec(value.format)?.[1] ?? '';
  return unit.length + value.number.toLocaleString('en', { maximumFractionDigits: 6 }).length;
}

/** Texts stand one step in, so that they never touch the number to their left. */
function alignmentOf(column: { isNumber?: boolean } | undefined): Partial<Cell['alignment']> {
  if (column?.isNumber) return { horizontal: 'right', vertical: 'middle' };
  return { horizontal: 'left', indent: 1, vertical: 'middle', wrapText: true };
}

function addSheet(workbook: Workbook, name: string): Worksheet {
  if (name.length > SHEET_NAME_MAX)
    throw new AppError('ERR_RENDER', `the sheet name "${name}" is too long`);
  return workbook.addWorksheet(name, {
    pageSetup: {
      paperSize: 9,
      orientation: 'landscape',
      fitToPage: true,
      fitToWidth: 1,
      fitToHeight: 0,
      margins: { left: 0.5, right: 0.5, top: 0.6, bottom: 0.6, header: 0.3, footer: 0.3 },
    },
    headerFooter: { oddFooter: '&L&8&A&R&8&P / &N' },
  });
}

function writeCell(cell: Cell, value: Value): void {
  cell.font = { name: FONT, size: 11, color: { argb: INK } };
  if (typeof value === 'string') {
    cell.value = cleanText(value);
    cell.numFmt = '@';
  } else if ('date' in value) {
    cell.value = value.date;
    cell.numFmt = DATE_FORMAT;
  } else {
    cell.value = value.number;
    cell.numFmt = value.format;
  }
}

function cleanText(text: string): string {
  return text.replace(NOT_XML, '\uFFFD').slice(0, TEXT_MAX);
}
