// Pure: the fields of Twilio's request for an inbound message → one InboundMessage, or a problem that
// names the field. Whether it is signed, known already or wants an answer is decided elsewhere.
import { type FieldProblem, type FormField, findForgedSplit, readFields } from './form.ts';
import { type SenderKind, senderKind } from './phone.ts';

export interface InboundMedia {
  /** https; whether the host is Twilio's is asked before it is fetched. */
  url: string;
  contentType: string;
}

export interface InboundMessage {
  messageSid: string;
  accountSid: string;
  from: string;
  fromKind: SenderKind;
  to: string;
  body: string;
  media: InboundMedia[];
  /** What Twilio bills; null where it does not say. */
  segments: number | null;
  messagingServiceSid: string | null;
  /** ISO 3166 code, as Twilio knows it. */
  fromCountry: string | null;
  /** STOP, START or HELP where Twilio's Advanced Opt-Out has acted and answered. */
  optOutType: string | null;
}

/** What an inbound message is checked against. */
export interface OwnAccount {
  accountSid: string;
  numbers: ReadonlySet<string>;
}

export type InboundReading = { message: InboundMessage } | { problem: FieldProblem };

const MEDIA_MAX = 10;
/** Twilio joins up to ten segments; counted in characters, not UTF-16 units. */
export const BODY_CHARACTERS_MAX = 1600;
const URL_LENGTH_MAX = 2_000;
const CONTENT_TYPE = /^[\w.+-]+\/[\w.+-]+(?:\s*;[\x20-\x7e]*)?$/;
const SENDER = 'must be an E.164 number, a short code or a sender name';

type Check = (value: string) => boolean;

/** Each field that is read: what it must be, and whether a message may come without it. */
const FORMATS: Record<string, { isRight: Check; reason: string; isOptional?: true }> = {
  MessageSid: {
    isRight: matches(/^(?:SM|MM)[0-9a-f]{32}$/),
    reason: 'must be SM or MM and 32 hex',
  },
  From: { isRight: (value) => senderKind(value) !== null, reason: SENDER },
  NumMedia: { isRight: matches(/^(?:\d|10)$/), reason: `must be 0 to ${MEDIA_MAX}` },
  SmsStatus: {
    isRight: matches(/^receiv(?:ed|ing)$/),
    reason: 'must be "received": this is no inbound message',
    isOptional: true,
  },
  NumSegments: { isRight: matches(/^\d{1,3}$/), reason: 'must be a count', isOptional: true },
  MessagingServiceSid: {
    isRight: matches(/^(?:MG[0-9a-f]{32})?$/),
    reason: 'must be MG and 32 hex',
    isOptional: true,
  },
  FromCountry: {
    isRight: matches(/^(?:[A-Z]{2})?$/),
    reason: 'must be a country code of two letters',
    isOptional: true,
  },
  OptOutType: {
    isRight: matches(/^[A-Z]{0,20}$/),
    reason: 'must be a word such as STOP',
    isOptional: true,
  },
  ApiVersion: { isRight: matches(/^\d{4}-\d\d-\d\d$/), reason: 'must be a date', isOptional: true },
};

/** Reads the fields of one inbound message. Never throws; fields that Twilio adds are passed over. */
export function readInbound(fields: readonly FormField[], own: OwnAccount): InboundReading {
  const read = readFields(fields);
  if ('problem' in read) return read;
  const { values } = read;
  const problem = findFormatProblem(values) ?? findForeign(values, own) ?? findForgedSplit(values);
  if (problem !== undefined) return { problem };
  const body = readBody(values);
  if (typeof body !== 'string') return body;
  const media = readMedia(values);
  if ('problem' in media) return media;
  return { message: toMessage(values, body, media.media) };
}

function findFormatProblem(values: ReadonlyMap<string, string>): FieldProblem | undefined {
  for (const [field, { isRight, reason, isOptional }] of Object.entries(FORMATS)) {
    const value = values.get(field);
    if (value === undefined && isOptional) continue;
    if (value === undefined) return { field, reason: 'is missing' };
    if (!isRight(value)) return { field, reason };
  }
  return undefined;
}

/** What is formed well but not meant for us, or names two messages at once. */
function findForeign(
  values: ReadonlyMap<string, string>,
  own: OwnAccount,
): FieldProblem | undefined {
  if (values.get('AccountSid') !== own.accountSid) {
    return { field: 'AccountSid', reason: 'must be our account' };
  }
  if (!own.numbers.has(values.get('To') ?? '')) {
    return { field: 'To', reason: 'must be one of our numbers' };
  }
  const sid = values.get('MessageSid');
  const other = ['SmsSid', 'SmsMessageSid'].find((field) => (values.get(field) ?? sid) !== sid);
  return other === undefined ? undefined : { field: other, reason: 'must equal MessageSid' };
}

/** Postgres keeps no NUL; a person's words are kept without it rather than refused. */
export function storable(words: string): string {
  return words.toWellFormed().replaceAll('\0', '\ufffd');
}

function readBody(values: ReadonlyMap<string, string>): string | { problem: FieldProblem } {
  const received = values.get('Body');
  const hasMedia = values.get('NumMedia') !== '0';
  // A picture alone may come without a text.
  if (received === undefined && !hasMedia) {
    return { problem: { field: 'Body', reason: 'is missing' } };
  }
  const body = storable(received ?? '');
  if ([...body].length <= BODY_CHARACTERS_MAX) return body;
  const reason = `must be at most ${BODY_CHARACTERS_MAX} characters`;
  return { problem: { field: 'Body', reason } };
}

function readMedia(
  values: ReadonlyMap<string, string>,
): { media: InboundMedia[] } | { problem: FieldProblem } {
  const count = Number(values.get('NumMedia'));
  const surplus = [...values.keys()].find((name) => {
    const index = /^Media(?:Url|ContentType)(\d+)$/.exec(name)?.[1];
    return index !== undefined && (Number(index) >= count || String(Number(index)) !== index);
  });
  if (surplus !== undefined) return { problem: { field: surplus, reason: 'is beyond NumMedia' } };
  const media: InboundMedia[] = [];
  for (let index = 0; index < count; index += 1) {
    const url = values.get(`MediaUrl${index}`) ?? '';
    const contentType = values.get(`MediaContentType${index}`) ?? '';
    if (!isHttpsUrl(url)) {
      return { problem: { field: `MediaUrl${index}`, reason: 'must be an https address' } };
    }
    if (!CONTENT_TYPE.test(contentType)) {
      const reason = 'must be a media type such as image/jpeg';
      return { problem: { field: `MediaContentType${index}`, reason } };
    }
    media.push({ url, contentType });
  }
  return { media };
}

function toMessage(
  values: ReadonlyMap<string, string>,
  body: string,
  media: InboundMedia[],
): InboundMessage {
  const told = (field: string) => values.get(field) || null;
  const from = values.get('From') ?? '';
  const segments = told('NumSegments');
  return {
    messageSid: values.get('MessageSid') ?? '',
    accountSid: values.get('AccountSid') ?? '',
    from,
    fromKind: senderKind(from) ?? 'name',
    to: values.get('To') ?? '',
    body,
    media,
    segments: segments === null ? null : Number(segments),
    messagingServiceSid: told('MessagingServiceSid'),
    fromCountry: told('FromCountry'),
    optOutType: told('OptOutType'),
  };
}

function isHttpsUrl(text: string): boolean {
  const isPlain = text.length <= URL_LENGTH_MAX && /^[\x21-\x7e]+$/.test(text);
  return isPlain && URL.parse(text)?.protocol === 'https:';
}

function matches(pattern: RegExp): Check {
  return (value) => pattern.test(value);
}
