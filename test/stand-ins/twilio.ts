// A stand-in for Twilio's messaging on loopback: accepts, lists, delivers and calls back as Twilio
// does, with faults on demand. Serves tests and the demo, so it needs nothing but Node and our code.
import { createFaults, createRandom, type Faults } from './faults.ts';
import { type Answer, type Received, startLoopbackServer } from './http-server.ts';
import {
  API_PATH,
  createMessageBook,
  type KeptMedia,
  type KeptMessage,
  listMediaOf,
  type MessageBook,
  toJson,
} from './twilio-messages.ts';
import {
  type CallbackFault,
  type Caller,
  deliver,
  inboundForm,
  postSigned,
} from './twilio-webhooks.ts';

export type SendFault =
  | 'accept-then-reset'
  | 'reset-before'
  | 'hang'
  | 'hang-accepted'
  | 'slow'
  | '429'
  | '500'
  | '500-accepted'
  | '503'
  | `refuse:${number}`;

export interface TwilioStandInOptions {
  accountSid?: string;
  authToken?: string;
  seed?: number;
  now?: () => Date;
  sendChances?: Partial<Record<SendFault, number>>;
  callbackChances?: Partial<Record<CallbackFault, number>>;
  /** True as at Twilio: who texted STOP is sent nothing (21610) until START. */
  keepsOptOuts?: boolean;
  slowMs?: number;
  retryAfterSeconds?: number;
  price?: (message: KeptMessage) => string;
}

export interface InboundText {
  from: string;
  to: string;
  body: string;
  media?: Omit<KeptMedia, 'sid'>[];
  /** Further tries where the webhook gives no answer or 5xx. */
  retries?: number;
}

export interface TwilioStandIn {
  /** For TWILIO_BASE_URL. */
  url: string;
  accountSid: string;
  authToken: string;
  /** Every message, inbound and outbound, in the order of its acceptance. */
  messages: KeptMessage[];
  /** Requests to send that were read, accepted or not. */
  sendRequests: number;
  sendFaults: Faults<SendFault>;
  callbackFaults: Faults<CallbackFault>;
  /** Pages of lists that were asked for. */
  listRequests: number;
  /** What the next lists are answered with in place of 200, or "hang". */
  listStatuses: (number | 'hang')[];
  /** Numbers that nothing reaches, and the code of the delivery state. */
  undeliverable: Map<string, number>;
  /** Where webhooks and callbacks below the public address go. */
  reach: { publicUrl: string; actualUrl: string } | null;
  sentTo(number: string): KeptMessage[];
  /** Sends a text that nobody asked for at this API: from the console, or a reply of Twilio's own. */
  sendItself(text: Pick<KeptMessage, 'from' | 'to' | 'body'>): KeptMessage;
  /** A person texts: kept, then told to `webhookUrl`; status 0 where that gave no answer. */
  receive(text: InboundText, webhookUrl?: string): Promise<{ messageSid: string; status: number }>;
  /** Resolves once every accepted message has come to its end and been told of. */
  waitForCallbacks(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

type Settings = Required<Omit<TwilioStandInOptions, 'sendChances' | 'callbackChances'>>;

interface Inside {
  standIn: TwilioStandIn;
  settings: Settings;
  book: MessageBook;
  optOuts: Set<string>;
  work: Set<Promise<unknown>>;
}

const STOP_WORDS = /^(?:stop|stopall|unsubscribe|cancel|end|quit|revoke|optout)$/i;
const START_WORDS = /^(?:start|yes|unstop)$/i;

/** Starts the stand-in on a free port. */
export async function startTwilioStandIn(
  options: TwilioStandInOptions = {},
): Promise<TwilioStandIn> {
  const settings: Settings = {
    ...{ accountSid: `AC${'5'.repeat(32)}`, authToken: '7'.repeat(32), seed: 1 },
    ...{ now: () => new Date(), keepsOptOuts: true, slowMs: 200, retryAfterSeconds: 1 },
    price: ({ segments }: KeptMessage) => `-${((segments * 79) / 10_000).toFixed(5)}`,
    ...options,
  };
  const { accountSid, authToken, seed, now } = settings;
  const book = createMessageBook(accountSid, seed, now);
  const random = createRandom(seed);
  const server = await startLoopbackServer((request, answer) => respond(inside, request, answer));
  const { url, pause, resume, close } = server;
  const work = new Set<Promise<unknown>>();
  const standIn: TwilioStandIn = {
    ...{ url, accountSid, authToken, pause, resume, close },
    messages: book.messages,
    sendRequests: 0,
    listRequests: 0,
    sendFaults: createFaults(random, options.sendChances),
    callbackFaults: createFaults(random, options.callbackChances),
    listStatuses: [],
    undeliverable: new Map(),
    reach: null,
    sentTo: (number) =>
      book.messages.filter(({ direction, to }) => direction !== 'inbound' && to === number),
    sendItself: (text) => {
      const message = book.keep({ ...text, direction: 'outbound-reply' });
      void startDelivery(inside, message, null);
      return message;
    },
    receive: (text, webhookUrl) => receive(inside, text, webhookUrl),
    waitForCallbacks: async () => {
      while (work.size > 0) await Promise.all(work);
    },
  };
  const inside: Inside = { standIn, settings, book, optOuts: new Set(), work };
  return standIn;
}

async function receive(
  { standIn, settings, book, optOuts }: Inside,
  { retries = 0, ...text }: InboundText,
  webhookUrl = `${standIn.reach?.publicUrl}/webhooks/twilio/sms`,
): Promise<{ messageSid: string; status: number }> {
  const message = book.keep({ ...text, direction: 'inbound' });
  const pair = `${text.to} ${text.from}`;
  if (STOP_WORDS.test(text.body.trim())) optOuts.add(pair);
  if (START_WORDS.test(text.body.trim())) optOuts.delete(pair);
  message.price = settings.price(message);
  const form = inboundForm(book.accountSid, message);
  const token = message.sid.slice(2);
  let status = 0;
  for (let tries = 0; tries <= retries && (status === 0 || status >= 500); tries += 1) {
    status = await postSigned(callerOf(standIn), webhookUrl, form, token);
  }
  return { messageSid: message.sid, status };
}

async function respond(inside: Inside, request: Received, answer: Answer): Promise<void> {
  const { standIn, book } = inside;
  const { method, path, headers } = request;
  const stored = /^\/store\/(ME\w+)$/.exec(path)?.[1];
  if (stored !== undefined) return sendStored(book, stored, request, answer);
  const login = Buffer.from(`${standIn.accountSid}:${standIn.authToken}`).toString('base64');
  if (headers.authorization !== `Basic ${login}`) return refuse(answer, 20003, 401);
  const own = `${API_PATH}/${book.accountSid}/Messages`;
  if (path === `${own}.json` && method === 'POST') return accept(inside, request, answer);
  if (path === `${own}.json` && method === 'GET') {
    standIn.listRequests += 1;
    const status = standIn.listStatuses.shift();
    if (status === 'hang') return;
    if (status !== undefined) return refuse(answer, status === 429 ? 20429 : 20500, status);
    return answer.json(200, book.list(request.query));
  }
  const [sid = '', , media] = path.startsWith(`${own}/`)
    ? path.slice(own.length + 1).split('/')
    : [];
  const message = book.find(sid.replace('.json', ''));
  if (message === undefined) return refuse(answer, 20404, 404);
  if (sid.endsWith('.json')) return answer.json(200, toJson(book.accountSid, message));
  if (media === undefined) return answer.json(200, listMediaOf(book.accountSid, message));
  const one = message.media.find((kept) => kept.sid === media);
  if (one === undefined) return refuse(answer, 20404, 404);
  // Twilio keeps media elsewhere, behind addresses that are good for hours and want no login.
  answer.bytes(307, '', { location: one.redirectTo ?? `${standIn.url}/store/${one.sid}` });
}

function sendStored(book: MessageBook, sid: string, { headers }: Received, answer: Answer): void {
  const media = book.messages.flatMap((message) => message.media).find((one) => one.sid === sid);
  // As S3 does where two ways of authorisation meet.
  if (headers.authorization !== undefined || media === undefined) {
    answer.bytes(400, 'no', { 'content-type': 'text/plain' });
  } else answer.bytes(200, media.bytes, { 'content-type': media.contentType });
}

/** One request to send, and whatever fault meets it. */
async function accept(inside: Inside, { body }: Received, answer: Answer): Promise<void> {
  const { standIn, settings, book } = inside;
  standIn.sendRequests += 1;
  const fields = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  const code = findRefusal(inside, fields);
  if (code !== null) return refuse(answer, code, 400);
  const fault = standIn.sendFaults.next();
  if (fault === 'reset-before') return answer.reset();
  if (fault === 'hang') return;
  if (fault === '429') {
    const wait = { 'retry-after': String(settings.retryAfterSeconds) };
    return refuse(answer, 20429, 429, wait);
  }
  if (fault === '500' || fault === '503') return refuse(answer, 20500, Number(fault));
  if (fault?.startsWith('refuse:')) return refuse(answer, Number(fault.slice(7)), 400);
  if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, settings.slowMs));

  const message = book.keep({
    ...{ direction: 'outbound-api', from: fields.From ?? '', to: fields.To ?? '' },
    ...{ body: fields.Body ?? '', statusCallback: fields.StatusCallback ?? null },
    validityPeriod: fields.ValidityPeriod === undefined ? null : Number(fields.ValidityPeriod),
  });
  const accepted = toJson(book.accountSid, message);
  const callbackFault = standIn.callbackFaults.next();
  const delivery = startDelivery(inside, message, callbackFault);
  if (callbackFault === 'before-answer') await delivery;
  if (fault === 'accept-then-reset') return answer.reset();
  if (fault === 'hang-accepted') return;
  if (fault === '500-accepted') return refuse(answer, 20500, 500);
  answer.json(201, accepted);
}

function findRefusal(
  { settings, optOuts }: Inside,
  { From: from, To: to, Body: body }: Record<string, string>,
): number | null {
  if (!to) return 21604;
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return 21211;
  if (!from) return 21603;
  if (from === to) return 21266;
  if (!body) return 21602;
  if ([...body].length > 1600) return 21617;
  return settings.keepsOptOuts && optOuts.has(`${from} ${to}`) ? 21610 : null;
}

/** Runs beside the answer, so that callbacks may come before, with or after it. */
function startDelivery(
  { standIn, settings, book, work }: Inside,
  message: KeptMessage,
  fault: CallbackFault | null,
): Promise<void> {
  const errorCode = standIn.undeliverable.get(message.to) ?? null;
  const { now, price } = settings;
  const delivery = new Promise((resolve) => setImmediate(resolve)).then(() =>
    deliver(book, callerOf(standIn), message, { fault, errorCode, now, price }),
  );
  work.add(delivery);
  return delivery.finally(() => work.delete(delivery));
}

function callerOf({ authToken, reach }: TwilioStandIn): Caller {
  return { authToken, reach };
}

/** An error as Twilio words it, the number and the body in it included. */
function refuse(
  answer: Answer,
  code: number,
  status: number,
  headers: Record<string, string> = {},
): void {
  const message = `Error ${code} about +15005550001 and "a text of a person"`;
  const moreInfo = `https://www.twilio.com/docs/errors/${code}`;
  answer.json(status, { code, message, more_info: moreInfo, status }, headers);
}
