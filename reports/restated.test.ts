// Rules of what a report says of its own data: figures restated since their period closed, in every
// format; a second revision marked; data that end early, before any figure. Else it is as it was.
import ExcelJS from 'exceljs';
import { describe, expect, test } from 'vitest';
import { makeFacts, makeReport, ORDINARY_CALLS } from '../test/make-facts.ts';
import { hashContent } from './archive.ts';
import type { Report } from './content.ts';
import { composeExecutive } from './executive/content.ts';
import type { ExecutiveFacts } from './executive/facts.ts';
import { composeMail } from './message.ts';
import { pageNote, renderHtml } from './render-html.ts';
import { renderXlsx } from './render-xlsx.ts';

const facts = makeFacts(ORDINARY_CALLS);
const RESTATED: ExecutiveFacts['restated'] = [
  {
    ...{ start: '2025-03-10', measure: 'calls', oldValue: '77', newValue: '80' },
    ...{ rows: '3', reasons: ['late calls'] },
  },
  {
    ...{ start: '2025-03-10', measure: 'call_cost', oldValue: '5.932', newValue: '6.532' },
    ...{ rows: '3', reasons: ['late calls'] },
  },
  {
    ...{ start: '2025-03-03', measure: 'call_cost', oldValue: '5', newValue: '4.998' },
    ...{ rows: '12', reasons: ['late calls', 'repriced'] },
  },
];

function reportOf(changed: Partial<ExecutiveFacts>, revision = 1): Report {
  const report = makeReport(ORDINARY_CALLS);
  const provenance = { ...report.provenance, revision };
  return { content: composeExecutive({ ...facts, ...changed }), provenance };
}

const mailOf = (report: Report) =>
  composeMail(report, { from: 'a@b.example', to: 'c@d.example', messageId: '<1@b>', files: [] });

async function sheetOf(report: Report, name: string): Promise<string[][]> {
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load((await renderXlsx(report)) as never);
  const rows: string[][] = [];
  workbook.getWorksheet(name)?.eachRow((row) => {
    rows.push((row.values as unknown[]).slice(1).map(String));
  });
  return rows;
}

describe('a report of which figures were restated', () => {
  const report = reportOf({ restated: RESTATED }, 2);

  test('names each: period, figure, what it was, what it is, and why', async () => {
    expect(await sheetOf(report, 'Restated')).toEqual([
      ['Period', 'Figure', 'Unit', 'As it closed', 'Now', 'Change', 'Because of'],
      ['Week 11', 'Cost', 'USD', '5.932', '6.532', '0.6', '3 late calls'],
      ['Week 11', 'Calls', 'count', '77', '80', '3', '3 late calls'],
      ['Week 10', 'Cost', 'USD', '5', '4.998', '-0.002', '12 rows: late calls, repriced'],
    ]);
    const html = renderHtml(report).replaceAll(/\s+/g, ' ');
    expect(html).toContain(
      '<td>Cost</td><td class="number">$5.93</td><td class="number">$6.53</td>',
    );
    expect(html).toContain('12 rows: late calls, repriced');
  });

  test('says so in one line for each period, in the page and in the mail', () => {
    const lines = [
      'Week 11 was restated: cost $5.93 → $6.53, calls 77 → 80 (3 late calls).',
      'Week 10 was restated: cost −$0.0020, to $5.00 (12 rows: late calls, repriced).',
    ];
    const { text, html } = mailOf(report);
    for (const line of lines) {
      expect(text).toContain(`- ${line}`);
      const [lead, rest] = [line.slice(0, line.indexOf(':') + 1), line.split(': ')[1]];
      for (const page of [renderHtml(report), html])
        expect(page).toContain(`<strong>${lead}</strong> ${rest?.slice(0, 12)}`);
    }
  });

  test('is marked from its second revision on, in the foot, the mail and its subject', () => {
    expect(pageNote(report)).toContain('revision 2, restated');
    expect(renderHtml(report)).toContain('revision 2, restated');
    expect(mailOf(report).subject).toMatch(/ \(restated\)$/);
    const first = reportOf({ restated: RESTATED }, 1);
    expect(pageNote(first)).toMatch(/revision 1$/);
    expect(mailOf(first).subject).not.toContain('restated');
  });

  test('has another content than before; one of which nothing was has the same', () => {
    const plain = hashContent(makeReport(ORDINARY_CALLS).content);
    expect(hashContent(report.content)).not.toBe(plain);
    expect(hashContent(reportOf({ restated: [] }).content)).toBe(plain);
    expect(Object.keys(reportOf({}).content)).not.toContain('restated');
    expect(pageNote(reportOf({}, 2))).toMatch(/revision 2$/);
  });

  test('keeps the names and the order of all other sheets', async () => {
    const names = async (one: Report) => {
      const workbook = new ExcelJS.Workbook();
      await workbook.xlsx.load((await renderXlsx(one)) as never);
      return workbook.worksheets.map(({ name }) => name);
    };
    expect(await names(report)).toEqual([...(await names(reportOf({}))), 'Restated']);
  });
});

describe('data that end before the period does', () => {
  const freshness = { endsAt: '2025-03-16T23:00:00.000Z', dataDate: '2025-03-14' };
  const stale = { ...freshness, dataAt: '2025-03-14T20:00:00.000Z' };
  const asOf = '2025-03-14T20:00:00.000Z';

  test('are said to, before any figure, in every format', async () => {
    const report = reportOf({ freshness: stale, asOf, now: '2025-03-17T13:00:00.000Z' });
    const said =
      'Data as of 14 Mar 2025, 21:00. The period ended 17 Mar 2025, 00:00: what came since is missing.';
    const { text, html } = mailOf(report);
    expect(text.indexOf(said)).toBeGreaterThan(0);
    expect(text.indexOf(said)).toBeLessThan(text.indexOf('Cost:'));
    for (const [page, figures] of [
      [renderHtml(report), 'aria-label="Key figures"'],
      [html, 'cid:cost@daybook'],
    ] as const) {
      expect(page).toContain('<strong>Data as of 14 Mar 2025, 21:00.</strong>');
      expect(page.indexOf('Data as of 14 Mar')).toBeLessThan(page.indexOf(figures));
    }
    expect(await sheetOf(report, 'Cover')).toContainEqual(['Note', said]);
    expect(report.content.headline).toMatch(/^Cost so far is/);
    expect(report.content.lede).toContain(
      'The data end before the period does: 5 of 7 days begun.',
    );
  });

  test('of a period that is open by the clock are no notice: it says that it is open', () => {
    const { content } = reportOf({ freshness: stale, asOf, now: '2025-03-14T20:00:30.000Z' });
    expect(content.notice).toBeUndefined();
    expect(content.lede).toContain('The period is still open: 5 of 7 days begun.');
  });

  test('and that end within the grace say that more may come', () => {
    const within = { ...freshness, dataDate: '2025-03-17', dataAt: '2025-03-16T23:59:59.000Z' };
    const { content } = reportOf({ freshness: within, asOf, now: '2025-03-17T00:00:05.000Z' });
    expect(content.notice?.lead).toBe('This period is not closed yet.');
    const closed = { ...within, dataAt: '2025-03-17T00:00:00.000Z' };
    expect(reportOf({ freshness: closed, now: '2025-03-17T00:00:05.000Z' }).content.notice).toBe(
      undefined,
    );
  });
});
