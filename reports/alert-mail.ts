// Pure: critical errors, grouped → one mail. It names kinds, counts and times; numbers, words and keys
// are taken out of the one message that stands for each kind.
import { redact } from '../core/redact.ts';
import { formatInstant } from './format.ts';
import type { Mail } from './message.ts';
import { renderTemplate } from './render-html.ts';

export interface ErrorGroup {
  /** Null: of no client in particular. */
  clientId: string | null;
  type: string;
  code: string | null;
  errors: number;
  firstAt: Date;
  lastAt: Date;
  message: string;
}

const NAMED_MAX = 20;
const MESSAGE_LENGTH_MAX = 200;
const CODE_LENGTH_MAX = 40;
const ZONE = 'UTC';
const MEANINGS: Record<string, string> = {
  database_error: 'Postgres did not answer. Texts that came are with Twilio and are fetched later.',
  system_error: 'Something failed that should not; the stack is in error_logs.',
  twilio_error: 'Twilio does not let the account or one of its numbers send; its code says why.',
};
const NEXT_STEPS = [
  'npm run daybook -- errors list --open',
  'npm run daybook -- errors resolve ID --alike --notes "what it was"',
];

/** Composes the mail; `groups` must not be empty, the most frequent first. */
export function composeAlert(
  groups: readonly ErrorGroup[],
  { from, to, messageId }: Pick<Mail, 'from' | 'to' | 'messageId'>,
): Mail {
  const view = alertView(groups);
  return {
    ...{ from, to, messageId },
    subject: `Daybook: ${view.headline}`,
    text: alertText(view),
    html: renderTemplate('emails/alert', view),
    images: [],
    attachments: [],
    headers: { 'Auto-Submitted': 'auto-generated', Importance: 'high' },
  };
}

type AlertView = ReturnType<typeof alertView>;

function alertView(groups: readonly ErrorGroup[]) {
  const total = groups.reduce((sum, { errors }) => sum + errors, 0);
  const [first] = groups;
  const unnamed = groups.length - NAMED_MAX;
  const firstAt = Math.min(...groups.map((group) => group.firstAt.getTime()));
  const lastAt = Math.max(...groups.map((group) => group.lastAt.getTime()));
  const others = groups.length - 1;
  const more = others === 0 ? '' : ` and ${countOf(others, 'other kind')}`;
  return {
    headline: `${countOf(total, 'critical error')}, ${first ? nameOf(first) : ''}${more}`,
    lede:
      `${capital(spanOf({ firstAt: new Date(firstAt), lastAt: new Date(lastAt) }))} (${ZONE}). ` +
      'The next mail about what comes now is sent in an hour at the earliest.',
    groups: groups.slice(0, NAMED_MAX).map((group) => ({
      name: nameOf(group),
      count: countOf(group.errors, 'error'),
      span: spanOf(group),
      meaning: MEANINGS[group.type] ?? '',
      message: oneLine(redact(group.message)).slice(0, MESSAGE_LENGTH_MAX),
    })),
    unnamed: unnamed > 0 ? `And ${countOf(unnamed, 'other kind')}.` : '',
    steps: NEXT_STEPS,
    why: 'You receive this because ALERT_TO of Daybook names you.',
  };
}

function alertText({ headline, lede, groups, unnamed, steps, why }: AlertView): string {
  return [
    headline,
    '',
    lede,
    '',
    ...groups.flatMap(({ name, count, span, meaning, message }) => [
      `${name}: ${count}, ${span}`,
      ...(meaning === '' ? [] : [`  ${meaning}`]),
      `  ${message}`,
      '',
    ]),
    ...(unnamed === '' ? [] : [unnamed, '']),
    'What to do',
    ...steps.map((step) => `  ${step}`),
    '',
    why,
    '',
  ].join('\n');
}

/** "twilio_error 20003 at acme". */
function nameOf({ type, code, clientId }: ErrorGroup): string {
  const which = code === null ? '' : ` ${oneLine(redact(code)).slice(0, CODE_LENGTH_MAX)}`;
  return `${type}${which}${clientId === null ? '' : ` at ${clientId}`}`;
}

function spanOf({ firstAt, lastAt }: Pick<ErrorGroup, 'firstAt' | 'lastAt'>): string {
  const [first, last] = [instant(firstAt), instant(lastAt)];
  return first === last ? `at ${first}` : `from ${first} to ${last}`;
}

function instant(at: Date): string {
  return formatInstant(at.toISOString(), ZONE);
}

/** A name from outside must not start a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function capital(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}

function countOf(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}
