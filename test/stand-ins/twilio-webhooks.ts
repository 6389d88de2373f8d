// What the stand-in for Twilio tells us by itself: inbound messages and delivery states, as signed
// forms. Signs by the documentation, not by our own code.
import { createHmac, randomUUID } from 'node:crypto';
import { API_PATH, type KeptMessage, type MessageBook } from './twilio-messages.ts';

export type CallbackFault = 'lost' | 'duplicated' | 'out-of-order' | 'before-answer';

export interface Caller {
  authToken: string;
  /** Addresses below the public one are reached at the actual one; the signature is of the public. */
  reach: { publicUrl: string; actualUrl: string } | null;
}

const TIMEOUT_MS = 15_000;

/** Posts a form as Twilio does; the status, or 0 where there was no answer. */
export async function postSigned(
  { authToken, reach }: Caller,
  url: string,
  fields: Record<string, string>,
  token: string = randomUUID(),
): Promise<number> {
  const names = Object.keys(fields).sort();
  const signed = url + names.map((name) => name + fields[name]).join('');
  const signature = createHmac('sha1', authToken).update(signed, 'utf8').digest('base64');
  const actual =
    reach !== null && url.startsWith(reach.publicUrl)
      ? reach.actualUrl + url.slice(reach.publicUrl.length)
      : url;
  try {
    const response = await fetch(actual, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'user-agent': 'TwilioProxy/1.1',
        'x-twilio-signature': signature,
        'i-twilio-idempotency-token': token,
      },
      body: new URLSearchParams(fields).toString(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** The form of an inbound message. */
export function inboundForm(accountSid: string, message: KeptMessage): Record<string, string> {
  const { sid, from, to, body, segments, media } = message;
  const form: Record<string, string> = {
    ToCountry: 'US',
    ToState: '',
    ToCity: '',
    ToZip: '',
    FromCountry: 'US',
    FromState: '',
    FromCity: '',
    FromZip: '',
    SmsMessageSid: sid,
    SmsSid: sid,
    MessageSid: sid,
    SmsStatus: 'received',
    AccountSid: accountSid,
    From: from,
    To: to,
    Body: body,
    NumSegments: String(segments),
    NumMedia: String(media.length),
    ApiVersion: '2010-04-01',
  };
  media.forEach((one, index) => {
    const path = `${API_PATH}/${accountSid}/Messages/${sid}/Media/${one.sid}`;
    form[`MediaUrl${index}`] = `https://api.twilio.com${path}`;
    form[`MediaContentType${index}`] = one.contentType;
  });
  return form;
}

/**
 * Brings a message to its end: sent, then delivered or not, then its price; each state is told once
 * it holds. States that are told out of order still hold in order.
 */
export async function deliver(
  book: MessageBook,
  caller: Caller,
  message: KeptMessage,
  { fault, errorCode, now, price }: Delivery,
): Promise<void> {
  const end = errorCode === null ? 'delivered' : 'undelivered';
  const states = ['sent', end];
  const tell = (status: string) => {
    if (fault === 'lost' || message.statusCallback === null) return Promise.resolve(0);
    const form = statusForm(book.accountSid, message, status, status === end ? errorCode : null);
    return postSigned(caller, message.statusCallback, form);
  };
  const isInOrder = fault !== 'out-of-order';
  for (const status of states) {
    message.status = status;
    message.sentAt ??= now();
    if (status === end) message.errorCode = errorCode;
    if (isInOrder) await tell(status);
    if (fault === 'duplicated') await tell(status);
  }
  if (!isInOrder) for (const status of states.toReversed()) await tell(status);
  message.price = price(message);
}

export interface Delivery {
  fault: CallbackFault | null;
  /** Why it is undelivered; null where it arrives. */
  errorCode: number | null;
  now: () => Date;
  price: (message: KeptMessage) => string;
}

function statusForm(
  accountSid: string,
  { sid, from, to }: KeptMessage,
  status: string,
  errorCode: number | null,
): Record<string, string> {
  return {
    SmsSid: sid,
    SmsStatus: status,
    MessageSid: sid,
    MessageStatus: status,
    AccountSid: accountSid,
    From: from,
    To: to,
    ApiVersion: '2010-04-01',
    ...(errorCode !== null && { ErrorCode: String(errorCode) }),
  };
}
