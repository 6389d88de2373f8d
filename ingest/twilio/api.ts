// The only importer of the twilio package: texts out, lists of messages and their media in. Sends each
// request once, follows no redirect of it, and lets none of Twilio's error texts out: they repeat the
// number. What an answer means is for send-result.ts.
import type TwilioSdk from 'twilio';
import type { MessageInstance } from 'twilio/lib/rest/api/v2010/account/message.js';
import { AppError } from '../../core/errors.ts';
import { parseMoney } from '../../core/money.ts';
import { fetchTwilioMedia, type Media } from './media.ts';
import { classifySilence, type SendResult } from './send-result.ts';
import { createTransport, readFailure } from './transport.ts';

export type { SendResult } from './send-result.ts';

export interface TwilioApi {
  /** Sends one text; never throws. */
  send(text: OutgoingText): Promise<SendResult>;
  /**
   * From `after` to `before`, both included, to the second. Throws ERR_TWILIO, and the signal's
   * reason as soon as it is aborted.
   */
  listMessages(filter: MessageFilter, signal?: AbortSignal): Promise<ListedMessage[]>;
  /** An inbound message's image or recording. Throws ERR_MEDIA. */
  fetchMedia(url: string, bytesMax: number): Promise<Media>;
  /** What belongs to a message that was found by listing. Throws ERR_TWILIO. */
  listMedia(messageSid: string): Promise<{ url: string; contentType: string }[]>;
}

export interface OutgoingText {
  from: string;
  to: string;
  body: string;
  statusCallback: string;
}

export interface MessageFilter {
  from?: string;
  to?: string;
  after: Date;
  before?: Date;
  /** Also what waits in Twilio's queue, which has no date yet; all of the pair is read for that. */
  includesUnsent?: boolean;
}

export interface ListedMessage {
  messageSid: string;
  direction: 'inbound' | 'outbound';
  from: string;
  to: string;
  body: string;
  status: string;
  errorCode: string | null;
  segments: number | null;
  /** Positive decimal text. */
  price: string | null;
  currency: string | null;
  mediaCount: number;
  happenedAt: Date;
}

export interface TwilioOptions {
  accountSid: string;
  authToken: string;
  /** Another server in place of https://api.twilio.com. */
  baseUrl?: string;
  /** For a whole request, its answer included. */
  timeoutMs?: number;
}

type Client = InstanceType<typeof TwilioSdk.Twilio>;

/** As the package pages a list. */
interface ListPage {
  instances: MessageInstance[];
  nextPageUrl?: string;
  nextPage(): Promise<ListPage> | undefined;
}

const API_URL = 'https://api.twilio.com';
const TIMEOUT_MS = 15_000;
/** What waits longer in Twilio's queue is not sent: it may come after a STOP, and helps nobody. */
const VALID_SECONDS = 4 * 3_600;
const PAGE_SIZE = 1000;
const LISTED_MAX = 20_000;
const MEDIA_MAX = 20;
const DAY_MS = 86_400_000;
const MESSAGE_SID = /^(?:SM|MM)[0-9a-f]{32}$/;

/** Makes the API; the package is loaded behind it, so that other commands start without its weight. */
export function createTwilioApi(options: TwilioOptions): TwilioApi {
  const loading = loadClient(options);
  // Whoever calls learns of it; until then it must not end the process.
  loading.catch(() => undefined);
  return {
    send: async (text) => {
      const client = await loading.catch(() => null);
      if (client === null) return classifySilence('ERR_LOAD', false);
      try {
        return readSent(await client.messages.create({ ...text, validityPeriod: VALID_SECONDS }));
      } catch (error) {
        return readFailure(error);
      }
    },
    listMessages: async (filter, signal) => listMessages(await loading, filter, signal),
    fetchMedia: (url, bytesMax) =>
      fetchTwilioMedia(url, bytesMax, { ...options, timeoutMs: options.timeoutMs ?? TIMEOUT_MS }),
    listMedia: async (messageSid) => listMedia(await loading, messageSid),
  };
}

async function loadClient(options: TwilioOptions): Promise<Client> {
  const { default: sdk } = await import('twilio');
  const { baseUrl = API_URL, timeoutMs = TIMEOUT_MS } = options;
  const httpClient = createTransport(sdk, baseUrl, timeoutMs);
  // The log level is set here because its variable would print bodies and numbers.
  return new sdk.Twilio(options.accountSid, options.authToken, { httpClient, logLevel: 'error' });
}

function readSent(message: MessageInstance): SendResult {
  if (!MESSAGE_SID.test(String(message.sid))) {
    return { outcome: 'uncertain', code: null, message: 'Twilio’s answer holds no message' };
  }
  return {
    outcome: 'sent',
    messageSid: message.sid,
    status: String(message.status),
    ...readBilling(message),
  };
}

async function listMessages(
  client: Client,
  filter: MessageFilter,
  signal: AbortSignal | undefined,
): Promise<ListedMessage[]> {
  const { after, before, includesUnsent = false, ...numbers } = filter;
  // Twilio documents days only, where "before" would end at the day's start: ask for more, then cut.
  const dateSentBefore = before && new Date(before.getTime() + DAY_MS);
  const asked = {
    ...numbers,
    ...(!includesUnsent && { dateSentAfter: after }),
    ...(dateSentBefore && { dateSentBefore }),
    pageSize: PAGE_SIZE,
  };
  const found: MessageInstance[] = [];
  let next: (() => Promise<ListPage> | undefined) | undefined = () => client.messages.page(asked);
  while (next !== undefined) {
    const page: ListPage | undefined = await untilAborted(
      ask(async () => next?.()),
      signal,
    );
    found.push(...(page?.instances ?? []));
    next = page?.nextPageUrl ? () => page.nextPage() : undefined;
    if (found.length > LISTED_MAX) {
      throw new AppError('ERR_TWILIO', `Twilio lists more than ${LISTED_MAX} messages`, {
        details: { isTransient: false },
        fix: 'ask for a shorter time',
      });
    }
  }
  const [first, last] = [toSecond(after), before === undefined ? Infinity : before.getTime()];
  return found
    .flatMap((message) => readListed(message) ?? [])
    .filter(({ happenedAt }) => happenedAt.getTime() >= first && happenedAt.getTime() <= last);
}

async function listMedia(client: Client, messageSid: string) {
  if (!MESSAGE_SID.test(messageSid)) {
    throw new AppError('ERR_TWILIO', 'no message has such a sid', { fix: 'give SM… or MM…' });
  }
  const found = await ask(() => client.messages(messageSid).media.list({ limit: MEDIA_MAX }));
  return found.map(({ uri, contentType }) => ({
    url: `${API_URL}${uri.replace(/\.json$/, '')}`,
    contentType: String(contentType),
  }));
}

/** Waits no longer for a request once the signal is aborted; its answer is of no use then. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** One read of the API; an error of it says what is known without Twilio's words. */
async function ask<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const failure = readFailure(error);
    const isTransient = failure.outcome !== 'refused';
    const afterMs = failure.outcome === 'retry' ? failure.afterMs : null;
    throw new AppError('ERR_TWILIO', failure.message, {
      details: { code: failure.code, isTransient, retryAfterMs: afterMs },
      fix: isTransient ? 'ask again later' : 'check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN',
    });
  }
}

/** Null for a row that is no message with a time; the others are still listed. */
function readListed(message: MessageInstance): ListedMessage | null {
  const times = [message.dateSent, message.dateCreated, message.dateUpdated];
  const happenedAt = times.find((time) => time instanceof Date && !Number.isNaN(time.getTime()));
  if (happenedAt === undefined || !MESSAGE_SID.test(String(message.sid))) return null;
  const mediaCount = Number(message.numMedia);
  return {
    messageSid: message.sid,
    direction: message.direction === 'inbound' ? 'inbound' : 'outbound',
    from: String(message.from ?? ''),
    to: String(message.to ?? ''),
    body: String(message.body ?? ''),
    status: String(message.status),
    errorCode: message.errorCode ? String(message.errorCode) : null,
    ...readBilling(message),
    mediaCount: Number.isInteger(mediaCount) ? mediaCount : 0,
    happenedAt,
  };
}

/** Twilio tells charges as negative texts, and 0 segments where it has not counted yet. */
function readBilling({ numSegments, price, priceUnit }: MessageInstance) {
  const segments = /^\d{1,3}$/.test(String(numSegments)) ? Number(numSegments) : 0;
  const money = parseMoney(String(price ?? '').replace(/^-/, ''));
  const currency = String(priceUnit ?? '').toUpperCase();
  return {
    segments: segments === 0 ? null : segments,
    price: typeof money === 'string' ? null : money.amount,
    currency: /^[A-Z]{3}$/.test(currency) ? currency : null,
  };
}

function toSecond(time: Date): number {
  return Math.floor(time.getTime() / 1000) * 1000;
}
