// One content, three formats, the same figures: page, PDF and workbook are read back and compared with
// the content; texts of the content stay texts in each.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTestFolder, silentLog } from '../core/test-support.ts';
import { makeReport, ORDINARY_CALLS } from '../test/make-facts.ts';
import { readPdfText } from '../test/support.ts';
import { type Browser, launchBrowser } from './browser.ts';
import type { Report } from './content.ts';
import { renderHtml } from './render-html.ts';
import { renderPdf } from './render-pdf.ts';
import { renderXlsx } from './render-xlsx.ts';

const folder = makeTestFolder();
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser(undefined, silentLog());
});
afterAll(async () => {
  await browser.close();
  folder.remove();
});

/** Texts with all kinds of spaces as one, for a PDF breaks and joins its lines as it likes. */
const plain = (text: string) => text.replace(/[\s\u00a0\u202f]+/g, ' ');
const packed = (text: string) => text.replace(/[\s\u00a0\u202f]+/g, '');

function htmlText(html: string): string {
  const body = html.slice(html.indexOf('<body>'));
  const withoutTags = body.replace(/<[^>]*>/g, ' ');
  return plain(
    withoutTags
      .replace(/&#(x?)([0-9a-f]+);/gi, (_all, hex, code) =>
        String.fromCodePoint(Number.parseInt(code, hex ? 16 : 10)),
      )
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&'),
  );
}

async function pdfText(html: string): Promise<string> {
  mkdirSync(folder.path, { recursive: true });
  const path = join(folder.path, 'report.pdf');
  writeFileSync(path, await renderPdf(browser, html));
  return (await readPdfText(path)).text;
}

async function readWorkbook(report: Report): Promise<ExcelJS.Workbook> {
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load((await renderXlsx(report)) as unknown as ArrayBuffer);
  return workbook;
}

describe.each([
  ['an ordinary week', makeReport(ORDINARY_CALLS)],
  [
    'a month in euro, in German',
    makeReport(
      ORDINARY_CALLS.map((calls) => ({ ...calls, currency: 'EUR' })),
      { kind: 'month', client: { currency: 'EUR', locale: 'de-AT' } },
    ),
  ],
  ['a day with one call', makeReport([{ date: '2025-03-12', cost: '0.0004' }], { kind: 'day' })],
  ['a week without calls', makeReport([])],
])('%s', (_name, report) => {
  const { content } = report;
  const figures = () => [
    ...content.keyFigures.map(({ figure }) => figure.text),
    ...content.tables.flatMap(({ rows }) =>
      rows.flatMap(({ cells }) => cells.map(({ text }) => text)),
    ),
    content.completeness.inPostgres.text,
    content.completeness.inReport.text,
  ];

  test('shows every figure and the message on the page', () => {
    const text = htmlText(renderHtml(report));
    for (const shown of [content.headline, content.lede, ...figures()])
      expect(text).toContain(plain(shown));
  });

  test('shows the same in the PDF', async () => {
    const text = packed(await pdfText(renderHtml(report)));
    for (const shown of [content.headline, content.lede, ...figures()])
      expect(text).toContain(packed(shown));
    // Control: a figure that no content holds is not found.
    expect(text).not.toContain('123,456.78');
  });

  test('holds the same exact values as numbers in the workbook', async () => {
    const workbook = await readWorkbook(report);
    const keys = workbook.getWorksheet('Key figures');
    content.keyFigures.forEach(({ label, figure }, index) => {
      const row = keys?.getRow(index + 2);
      expect(row?.getCell(1).value).toBe(label);
      const values = [2, 3, 4, 5, 6, 7, 8].map((column) => row?.getCell(column).value);
      expect(values).toContain(figure.value === null ? figure.text : Number(figure.value));
      if (figure.value !== null) expect(values).toContain(figure.value);
    });
    const daily = workbook.getWorksheet('Daily');
    content.daily.rows.forEach(({ date, cells }, index) => {
      const row = daily?.getRow(index + 2);
      expect(row?.getCell(1).value).toEqual(new Date(`${date}T00:00:00Z`));
      cells.forEach(({ value, text }, at) => {
        expect(row?.getCell(at + 2).value).toBe(value === null ? text : Number(value));
      });
    });
    for (const [name, id] of [
      ['Models', 'models'],
      ['Users', 'users'],
    ] as const) {
      const sheet = workbook.getWorksheet(name);
      content.tables
        .find((one) => one.id === id)
        ?.allRows.forEach(({ cells }, index) => {
          cells.forEach(({ value, text }, at) => {
            const cell = sheet?.getRow(index + 2).getCell(at + 3);
            expect(cell?.value).toBe(value === null ? text : Number(value));
            if (value !== null) expect(cell?.numFmt).toMatch(/0/);
          });
        });
    }
  });
});

describe('hostile names', () => {
  const HOSTILE = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    '{{7*7}}',
    '{{{raw}}}',
    '</style><script>1</script>',
    '&lt;b&gt;',
    '=cmd()|calc',
    '+1+1',
    '-2+3',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    'javascript:alert(1)',
    'http://example.com/x',
    'nul\u0000nul',
    'ctl\u0001\u001f',
    'lone \ud800 surrogate',
    '\udc00',
    '\uffff',
    'emoji 🦆',
    'עברית',
    ']]>',
    '_x0041_',
  ];
  const report = makeReport(
    HOSTILE.map((text, index) => ({
      date: '2025-03-12',
      cost: String(index + 1),
      model: text,
      user: `user ${text}`,
      chatbot: text,
      provider: text,
    })),
    { client: { name: `Acme ${HOSTILE.join(' ').replace('\uffff', '')}` } },
  );

  test('are text on the page: they add no element, no attribute, no handler', () => {
    const html = renderHtml(report);
    const tame = renderHtml(
      makeReport(
        HOSTILE.map((_text, index) => ({
          date: '2025-03-12',
          cost: String(index + 1),
          model: `m${index}`,
          user: `u${index}`,
          chatbot: `c${index}`,
          provider: `p${index}`,
        })),
        { client: { name: 'Acme' } },
      ),
    );
    const elements = (text: string) =>
      new Set([...text.matchAll(/<([a-z][a-z0-9-]*)/gi)].map(([, name]) => name));
    expect(elements(html)).toEqual(elements(tame));
    expect(html).not.toMatch(/<[^>]+\son\w+=/i);
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('{{7*7}}');
  });

  test('control: put in unescaped they would add elements', () => {
    expect(renderHtml(report).replaceAll('&lt;script', '<script')).toMatch(/<script/);
  });

  test('are text in the workbook, which opens, and never a formula or a link', async () => {
    const workbook = await readWorkbook(report);
    const kinds = new Set<number>();
    workbook.eachSheet((sheet) => {
      sheet.eachRow((row) => {
        row.eachCell((cell) => kinds.add(cell.type));
      });
    });
    expect(kinds).not.toContain(ExcelJS.ValueType.Formula);
    expect(kinds).not.toContain(ExcelJS.ValueType.Hyperlink);
    const names: unknown[] = [];
    workbook
      .getWorksheet('Models')
      ?.getColumn(1)
      .eachCell((cell) => names.push(cell.value));
    for (const text of ['=cmd()|calc', '+1+1', '@SUM(A1)', '<script>alert(1)</script>']) {
      expect(names).toContain(text);
    }
    expect(names).toContain('nul\ufffdnul');
  });
});

test('a text that a cell cannot hold is cut, and a name that is empty is still a row', async () => {
  const report = makeReport([
    { date: '2025-03-12', cost: '1', model: 'x'.repeat(40_000) },
    { date: '2025-03-12', cost: '2', model: '' },
  ]);
  const workbook = await readWorkbook(report);
  expect(String(workbook.getWorksheet('Models')?.getCell('A3').value)).toHaveLength(32_767);
});
