// Signed webhooks of texts for benchmarks, made before they are sent, and a client that posts them over
// connections that stay open.
import { createHash } from 'node:crypto';
import { type Agent, request } from 'node:http';
import { sign } from '../ingest/twilio/signature.ts';
import { inboundForm } from '../test/stand-ins/twilio-webhooks.ts';

export const ACCOUNT = {
  accountSid: `AC${'5'.repeat(32)}`,
  authTokens: ['7'.repeat(32)],
  publicUrl: 'https://sms.bench.example',
};
const PATH = '/webhooks/twilio/sms';
/** Every so manieth text comes from somebody new; the others go on with a talk. */
const TEXTS_PER_PERSON = 5;

export interface SignedText {
  form: string;
  signature: string;
}

/** So many texts to a number, each with a sid of its own. */
export function signTexts(to: string, first: number, count: number): SignedText[] {
  return Array.from({ length: count }, (_, index) => signText(to, first + index));
}

function signText(to: string, index: number): SignedText {
  const sid = `SM${createHash('md5').update(`${to} ${index}`).digest('hex')}`;
  const from = `+1303${String(5_000_000 + Math.floor(index / TEXTS_PER_PERSON))}`;
  const body = `Question ${index}: how long does it take to get a refund of an order?`;
  const fields = inboundForm(ACCOUNT.accountSid, {
    ...{ sid, from, to, body, direction: 'inbound', status: 'received', segments: 1 },
    ...{ errorCode: null, price: null, media: [], sentAt: null, statusCallback: null },
    validityPeriod: null,
    createdAt: new Date(),
  });
  const names = Object.keys(fields).sort();
  const signed = names.map((name) => `${name}${fields[name]}`).join('');
  const [token = ''] = ACCOUNT.authTokens;
  return {
    form: new URLSearchParams(fields).toString(),
    signature: sign(token, `${ACCOUNT.publicUrl}${PATH}${signed}`),
  };
}

/** Posts one text; throws where it is not answered 200. */
export function postText(agent: Agent, url: string, text: SignedText): Promise<void> {
  const { form, signature } = text;
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'x-twilio-signature': signature,
  };
  return new Promise<void>((resolve, reject) => {
    const sent = request(`${url}${PATH}`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      const { statusCode } = response;
      response.on('end', () =>
        statusCode === 200 ? resolve() : reject(new Error(`the webhook answered ${statusCode}`)),
      );
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed a connection that was idle, at the moment of its next use.
      if (error.code === 'ECONNRESET' && sent.reusedSocket) {
        resolve(postText(agent, url, text));
      } else reject(error);
    });
    sent.end(form);
  });
}
