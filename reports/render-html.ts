// The only importer of Handlebars: a report's content → one HTML file that needs nothing else.
// Templates are the project's own, compiled strictly; every text of the content is escaped.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Handlebars from 'handlebars';
import { AppError, messageOf } from '../core/errors.ts';
import { drawBars, drawSparkline, drawVariance, largestValue } from './chart.ts';
import { isRestated, type Measure, type Report, type SmsSection } from './content.ts';
import { fontFaces } from './fonts.ts';
import { formatInstant } from './format.ts';

const TEMPLATES_DIR = join(import.meta.dirname, '..', 'templates');
const PAGE_WIDTH = 703;
const COLUMN_GAP = 34;
const MONTH_CHART_WIDTH = 430;
const TREND_HEIGHT = 136;
const DAYS_HEIGHT = 118;
const LONG_VALUE_LENGTH = 10;
/** As many as the head of the page has; the rest stands beneath. */
const SMS_TILES = 6;

const handlebars = Handlebars.create();
const compiled = new Map<string, Handlebars.TemplateDelegate>();
for (const file of readdirSync(join(TEMPLATES_DIR, 'partials'))) {
  handlebars.registerPartial(basename(file, '.hbs'), compile(`partials/${basename(file, '.hbs')}`));
}

/** Fills a template under templates/. Throws ERR_RENDER with its name when a value is missing. */
export function renderTemplate(name: string, values: object): string {
  const template = compiled.get(name) ?? compile(name);
  compiled.set(name, template);
  try {
    return template(values);
  } catch (cause) {
    throw new AppError('ERR_RENDER', `templates/${name}.hbs: ${messageOf(cause)}`, { cause });
  }
}

/** Renders a report. The same report always gives the same text. */
export function renderHtml(report: Report): string {
  const { content } = report;
  const body = renderTemplate(`reports/${content.report}`, viewOf(report));
  const css = readFileSync(join(TEMPLATES_DIR, 'styles', 'report.css'), 'utf8');
  const title = `${content.client.name}: ${content.title}, ${content.period.name}`;
  return renderTemplate('layouts/report', {
    title,
    style: trusted(
      `${fontFaces(`${title}${body}0123456789`)}\n:root{--page-note:${cssText(pageNote(report))}}\n${css}`,
    ),
    body: trusted(body),
  });
}

/** One line on how complete the report is; it stands at the foot of every page. */
export function pageNote(report: Report): string {
  const { content, provenance } = report;
  const { inPostgres, inWarehouse, inReport, difference } = content.completeness;
  return (
    `${inPostgres.text} ${inPostgres.value === '1' ? 'call' : 'calls'} in Postgres = ${inWarehouse.text} in DuckDB = ${inReport.text} in this report · ` +
    `difference ${difference.text} · run ${shortRunId(provenance.runId)} · ${revisionName(report)}`
  );
}

function revisionName(report: Report): string {
  return `revision ${report.provenance.revision}${isRestated(report) ? ', restated' : ''}`;
}

/** The first characters of a run's id, as people quote it. */
export function shortRunId(runId: string): string {
  return runId.slice(0, 8);
}

function viewOf(report: Report) {
  const { content, provenance } = report;
  const max = largestValue(content.weeks, content.months);
  const days = content.period.kind === 'month' ? MONTH_CHART_WIDTH : (PAGE_WIDTH - COLUMN_GAP) / 2;
  return {
    content,
    provenance,
    notice: content.notice ?? null,
    restated: content.restated ?? null,
    revision: revisionName(report),
    runId: shortRunId(provenance.runId),
    asOf: formatInstant(provenance.asOf, content.client.timeZone),
    keyFigures: content.keyFigures.map((keyFigure) => ({
      ...toTile(keyFigure),
      spark: trusted(drawSparkline(keyFigure.history, { width: 100, height: 30 })),
    })),
    trend: [
      {
        chart: content.weeks,
        drawing: trusted(drawBars(content.weeks, { width: 260, height: TREND_HEIGHT, max })),
      },
      {
        chart: content.months,
        drawing: trusted(drawBars(content.months, { width: 417, height: TREND_HEIGHT, max })),
      },
    ],
    changes: content.changes.rows.map((row) => ({
      ...row,
      drawing: trusted(drawVariance(content.changes.rows, row, { width: 190, height: 16 })),
    })),
    days: trusted(drawBars(content.days, { width: days, height: DAYS_HEIGHT })),
    sms: content.sms === undefined ? null : smsView(content.sms),
    footer: pageNote(report),
  };
}

function toTile<T extends Measure>(measure: T) {
  return {
    ...measure,
    size: measure.figure.text.length > LONG_VALUE_LENGTH ? 'long' : 'normal',
    known: measure.change.value === null ? 'unknown' : 'known',
  };
}

function smsView(sms: SmsSection) {
  return {
    ...sms,
    tiles: sms.measures.slice(0, SMS_TILES).map(toTile),
    strip: sms.measures.slice(SMS_TILES),
  };
}

function compile(name: string): Handlebars.TemplateDelegate {
  const source = readFileSync(join(TEMPLATES_DIR, `${name}.hbs`), 'utf8');
  return handlebars.compile(source, { strict: true, preventIndent: true });
}

/** Marks text that this project wrote itself: drawings, style sheets, rendered templates. */
function trusted(markup: string): Handlebars.SafeString {
  return new Handlebars.SafeString(markup);
}

/** A CSS string literal (CSS Syntax 3, §4.3.5); "<" is escaped so that it cannot end the style. */
function cssText(text: string): string {
  return `"${text.replace(/["\\\n<]/g, (character) => `\\${character.charCodeAt(0).toString(16)} `)}"`;
}
