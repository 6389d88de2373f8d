// Pure: an archived report → one mail. The first hundred characters tell the story, the text part
// carries every key figure, and the attachments are the archived bytes.

import { drawBarImage } from './bar-image.ts';
import { type Figure, isRestated, type Report } from './content.ts';
import { createFormatter, formatInstant } from './format.ts';
import { pageNote, renderTemplate } from './render-html.ts';

export interface Attachment {
  filename: string;
  contentType: string;
  content: Buffer;
}

export interface Mail {
  from: string;
  to: string;
  messageId: string;
  subject: string;
  text: string;
  html: string;
  attachments: Attachment[];
  images: { cid: string; content: Buffer }[];
  headers: Record<string, string>;
}

export interface MailOptions {
  from: string;
  to: string;
  messageId: string;
  files: { format: string; name: string; bytes: Buffer }[];
}

/** Servers refuse larger messages; base64 and line ends add 37 %. */
const MESSAGE_BYTES_MAX = 10 * 1024 * 1024;
const ENCODED_GROWTH = 1.37;
const SHOWN_CHANGES_MAX = 3;
const MAIL_KEY_FIGURES = [
  'cost',
  'paid-calls',
  'cost-per-paid-call',
  'tokens-per-call',
  'calls-priced',
];
const HISTORY_SHOWN = 7;
const CONTENT_TYPES: Record<string, string> = {
  pdf: 'application/pdf',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** Composes the mail of a report to one recipient. */
export function composeMail(report: Report, { from, to, messageId, files }: MailOptions): Mail {
  const attached = files.filter(({ format }) => CONTENT_TYPES[format] !== undefined);
  const size = attached.reduce((sum, { bytes }) => sum + bytes.length * ENCODED_GROWTH, 0);
  const isTooLarge = size > MESSAGE_BYTES_MAX;
  const view = mailView(report, attached, isTooLarge);
  return {
    from,
    to,
    messageId,
    subject: `${subjectOf(report)}${isRestated(report) ? ' (restated)' : ''}`,
    text: mailText(view),
    html: renderTemplate(`emails/${report.content.report}`, view),
    images: view.figures.map(({ cid, image }) => ({ cid, content: image })),
    attachments: isTooLarge
      ? []
      : attached.map(({ format, name, bytes }) => ({
          filename: name,
          contentType: CONTENT_TYPES[format] as string,
          content: bytes,
        })),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'List-Id': `${report.content.client.id} ${report.content.report} <${report.content.report}.${report.content.client.id}.daybook>`,
    },
  };
}

/** "Weekly, W11 10–16 Mar 2025: cost $14.92 (−22.5 %), 5.49 ¢ a paid call (+14.8 %)". */
export function subjectOf({ content }: Report): string {
  const kind = { day: 'Daily', week: 'Weekly', month: 'Monthly' }[content.period.kind];
  const figure = (id: string) => content.keyFigures.find((candidate) => candidate.id === id);
  const cost = figure('cost');
  const perCall = figure('cost-per-paid-call');
  const range = content.period.kind === 'week' ? ` ${content.period.range}` : '';
  const when = `${kind}, ${content.period.name}${range}`;
  if (figure('calls')?.figure.value === '0') return `${when}: no calls`;
  if (cost?.figure.value == null) return `${when}: ${startLower(content.headline)}`;
  const changeOf = (change: { value: string | null; text: string } | undefined) =>
    change?.value == null ? '' : ` (${change.text})`;
  const second =
    perCall?.figure.value == null
      ? ''
      : `, ${perCall.figure.text} a paid call${changeOf(perCall.change)}`;
  return `${when}: cost ${cost.figure.text}${changeOf(cost.change)}${second}`;
}

function startLower(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1);
}

type MailView = ReturnType<typeof mailView>;

function mailView(report: Report, attached: MailOptions['files'], isTooLarge: boolean) {
  const { content, provenance } = report;
  const formatter = createFormatter(content.client.locale, content.client.currency);
  const names = attached.map(
    ({ format, bytes }) => `${format === 'pdf' ? 'PDF' : 'workbook'} (${kilobytes(bytes)})`,
  );
  return {
    content,
    preheader: content.lede,
    notice: content.notice ?? null,
    figures: MAIL_KEY_FIGURES.flatMap((id) => {
      const keyFigure = content.keyFigures.find((candidate) => candidate.id === id);
      if (keyFigure === undefined) return [];
      const history = keyFigure.history.slice(-HISTORY_SHOWN);
      return [
        {
          ...keyFigure,
          cid: `${id}@daybook`,
          image: drawBarImage(history),
          alt: `${keyFigure.label}: ${keyFigure.figure.text}, ${keyFigure.comparison}`,
          colour: { good: '#2c6e49', bad: '#a8322d', neutral: '#1b1f24' }[keyFigure.tone],
        },
      ];
    }),
    changes: content.changes.rows
      .filter(({ isTotal }) => !isTotal)
      .slice(0, SHOWN_CHANGES_MAX)
      .map((row) => {
        const money = (figure: Figure) => formatter.figure('money', figure.value, figure.text).text;
        return {
          name:
            row.label.detail === '' ? row.label.name : `${row.label.name} (${row.label.detail})`,
          change: formatter.change('money', row.change.value).text,
          previous: money(row.previous),
          current: money(row.current),
        };
      }),
    attachedNote: isTooLarge
      ? `The ${names.join(' and the ')} are too large for a mail; they are in the archive.`
      : `Attached: ${names.join(', ')}`,
    note: pageNote(report),
    asOf: formatInstant(provenance.asOf, content.client.timeZone),
    why: `You receive this because you are on “${content.title}” of ${content.client.name}. To leave, ask whoever runs Daybook for you.`,
  };
}

function mailText({
  content,
  notice,
  figures,
  changes,
  attachedNote,
  note,
  asOf,
  why,
}: MailView): string {
  const { period, client } = content;
  return [
    content.headline,
    '',
    content.lede,
    ...(notice === null ? [] : ['', `${notice.lead} ${notice.rest}`]),
    '',
    `${[period.title, period.range].filter((part) => part !== '').join(', ')} (${client.timeZone})`,
    '',
    ...figures.map(
      ({ label, figure, change, comparison }) =>
        `${label}: ${figure.text} (${change.text}; ${comparison})`,
    ),
    '',
    ...(changes.length === 0
      ? []
      : [
          'What changed',
          ...changes.map(
            ({ name, previous, current, change }) =>
              `- ${name}: ${change}, from ${previous} to ${current}`,
          ),
          '',
        ]),
    ...(content.attention.length === 0
      ? []
      : ['Worth a look', ...content.attention.map(({ lead, rest }) => `- ${lead} ${rest}`), '']),
    attachedNote,
    '',
    `${note} · data as of ${asOf} (${client.timeZone})`,
    why,
    '',
  ]
    .map(oneLine)
    .join('\n');
}

/** A name from outside must not start a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n\u2028\u2029]+\s*/g, ' ');
}

function kilobytes(bytes: Buffer): string {
  return `${Math.max(1, Math.round(bytes.length / 1000))}\u202fkB`;
}
