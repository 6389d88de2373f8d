// The messages of the stand-in for Twilio: kept, listed by page, written as Twilio writes them. Knows
// nothing of HTTP.
import { createHash } from 'node:crypto';
import { countSegments } from '../../ingest/texts/segments.ts';

export const API_PATH = '/2010-04-01/Accounts';

export interface KeptMedia {
  sid: string;
  contentType: string;
  bytes: Buffer;
  /** Where its address sends on to; the stand-in's own store where not set. */
  redirectTo?: string;
}

export interface KeptMessage {
  sid: string;
  direction: 'inbound' | 'outbound-api' | 'outbound-reply';
  from: string;
  to: string;
  body: string;
  status: string;
  errorCode: number | null;
  segments: number;
  /** As Twilio tells it: negative; null until it is settled. */
  price: string | null;
  media: KeptMedia[];
  createdAt: Date;
  /** Null until it went out. */
  sentAt: Date | null;
  statusCallback: string | null;
  /** Seconds that it may wait for its turn; null where nobody said. */
  validityPeriod: number | null;
}

export interface MessageBook {
  /** In the order in which they were accepted. */
  messages: KeptMessage[];
  accountSid: string;
  keep(message: NewMessage): KeptMessage;
  find(sid: string): KeptMessage | undefined;
  /** A page of the messages that the query asks for, newest first. */
  list(query: URLSearchParams): Record<string, unknown>;
}

export type NewMessage = Pick<KeptMessage, 'direction' | 'from' | 'to' | 'body'> & {
  media?: Omit<KeptMedia, 'sid'>[];
  statusCallback?: string | null;
  validityPeriod?: number | null;
};

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 1000;
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

export function createMessageBook(accountSid: string, seed: number, now: () => Date): MessageBook {
  const messages: KeptMessage[] = [];
  const bySid = new Map<string, KeptMessage>();
  // Counted by kind: what is received twice over has the same sids, whatever was sent between.
  const made = new Map<string, number>();
  const sid = (prefix: string, kind: string) => {
    const count = (made.get(kind) ?? 0) + 1;
    made.set(kind, count);
    const text = `${seed}:${kind}:${count}`;
    return prefix + createHash('sha256').update(text).digest('hex').slice(0, 32);
  };
  return {
    messages,
    accountSid,
    keep: ({ media = [], statusCallback = null, validityPeriod = null, ...message }) => {
      const isInbound = message.direction === 'inbound';
      const createdAt = now();
      const kept = {
        ...message,
        sid: sid(media.length > 0 ? 'MM' : 'SM', message.direction),
        status: isInbound ? 'received' : 'queued',
        errorCode: null,
        segments: countSegments(message.body).segments,
        price: null,
        media: media.map((one) => ({ ...one, sid: sid('ME', 'media') })),
        createdAt,
        sentAt: isInbound ? createdAt : null,
        statusCallback,
        validityPeriod,
      };
      messages.push(kept);
      bySid.set(kept.sid, kept);
      return kept;
    },
    find: (one) => bySid.get(one),
    list: (query) => listPage(accountSid, messages, query),
  };
}

function listPage(accountSid: string, messages: KeptMessage[], query: URLSearchParams) {
  const wanted = messages.filter((message) => isWanted(message, query)).reverse();
  wanted.sort((left, right) => timeOf(right) - timeOf(left));
  const size = Math.min(Number(query.get('PageSize') ?? PAGE_SIZE), PAGE_SIZE_MAX);
  const token = query.get('PageToken')?.slice(2);
  const start = token === undefined ? 0 : wanted.findIndex(({ sid }) => sid === token) + 1;
  const page = wanted.slice(start, start + size);
  const hasMore = start + size < wanted.length;
  const next = new URLSearchParams(query);
  next.set('Page', String(Number(query.get('Page') ?? 0) + 1));
  next.set('PageToken', `PA${page.at(-1)?.sid}`);
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages.json`;
  return {
    messages: page.map((message) => toJson(accountSid, message)),
    page: Number(query.get('Page') ?? 0),
    page_size: size,
    start,
    end: start + page.length - 1,
    uri: `${uri}?${query}`,
    first_page_uri: uri,
    previous_page_uri: null,
    next_page_uri: hasMore ? `${uri}?${next}` : null,
  };
}

function isWanted(message: KeptMessage, query: URLSearchParams): boolean {
  const { from, to, sentAt } = message;
  if (query.has('From') && query.get('From') !== from) return false;
  if (query.has('To') && query.get('To') !== to) return false;
  const [after, before, on] = ['DateSent>', 'DateSent<', 'DateSent'].map((name) => query.get(name));
  if (!after && !before && !on) return true;
  // What has not gone out has no such date.
  if (sentAt === null) return false;
  const second = Math.floor(sentAt.getTime() / SECOND_MS) * SECOND_MS;
  if (after && second < Date.parse(after)) return false;
  if (before && second > Date.parse(before)) return false;
  if (!on) return true;
  const length = on.includes('T') ? SECOND_MS : DAY_MS;
  return second >= Date.parse(on) && second < Date.parse(on) + length;
}

function timeOf({ sentAt, createdAt }: KeptMessage): number {
  return (sentAt ?? createdAt).getTime();
}

/** A message as the API writes it. */
export function toJson(accountSid: string, message: KeptMessage): Record<string, unknown> {
  const uri = `${API_PATH}/${accountSid}/Messages/${message.sid}`;
  return {
    sid: message.sid,
    account_sid: accountSid,
    api_version: '2010-04-01',
    messaging_service_sid: null,
    direction: message.direction,
    from: message.from,
    to: message.to,
    body: message.body,
    status: message.status,
    error_code: message.errorCode,
    error_message: null,
    num_segments: String(message.segments),
    num_media: String(message.media.length),
    price: message.price,
    price_unit: 'USD',
    date_created: toRfc2822(message.createdAt),
    date_sent: message.sentAt && toRfc2822(message.sentAt),
    date_updated: toRfc2822(message.sentAt ?? message.createdAt),
    uri: `${uri}.json`,
    subresource_uris: { media: `${uri}/Media.json` },
  };
}

/** The media of a message as the API lists them. */
export function listMediaOf(accountSid: string, { sid, media }: KeptMessage) {
  const uri = `${API_PATH}/${accountSid}/Messages/${sid}/Media`;
  const rows = media.map((one) => ({
    sid: one.sid,
    account_sid: accountSid,
    parent_sid: sid,
    content_type: one.contentType,
    uri: `${uri}/${one.sid}.json`,
  }));
  return { media_list: rows, page: 0, page_size: PAGE_SIZE, next_page_uri: null };
}

function toRfc2822(time: Date): string {
  return time.toUTCString().replace('GMT', '+0000');
}
