// Pure: what Twilio's answer to a sent text, or its lack, means for the text, and what an error code
// means for the number. Says what is known, not what to do; texts of errors are ours, never Twilio's,
// because those repeat the number.

export type RefusalReason = 'stop' | 'unreachable' | 'configuration' | 'carrier' | 'other';

/** What became of one request to send a text. */
export type SendResult =
  | {
      outcome: 'sent';
      messageSid: string;
      status: string;
      segments: number | null;
      /** Positive decimal text; null until Twilio knows it. */
      price: string | null;
      currency: string | null;
    }
  | SendFailure;

export type SendFailure =
  | {
      outcome: 'refused';
      reason: RefusalReason;
      code: string;
      message: string;
      /** True where any other text would be refused too; a person abroad cannot cause that. */
      isAccountWide: boolean;
    }
  /** Surely not accepted: the same text may be sent again. */
  | { outcome: 'retry'; afterMs: number | null; code: string | null; message: string }
  /** It may have been accepted; only a listing of messages can tell. */
  | { outcome: 'uncertain'; code: string | null; message: string };

/** Twilio's answer where it is no message. */
export interface RefusedAnswer {
  status: number;
  /** Twilio's code; null where the body is not Twilio's. */
  code: string | null;
  retryAfterMs: number | null;
}

interface Meaning {
  reason: RefusalReason | 'transient';
  text: string;
  isAccountWide?: true;
}

/**
 * What is known of each code, from https://www.twilio.com/docs/api/errors/<code>. Those from 30000
 * on come with a delivery state, the others with the answer to a request, some with both.
 */
const MEANINGS: Record<string, Meaning> = {
  21610: { reason: 'stop', text: 'the person has opted out' },

  21211: { reason: 'unreachable', text: 'the number is not valid' },
  21614: { reason: 'unreachable', text: 'the number takes no texts' },
  21635: { reason: 'unreachable', text: 'the number is a landline' },
  30005: { reason: 'unreachable', text: 'the number is unknown or no longer in service' },
  30006: { reason: 'unreachable', text: 'the number is a landline or its carrier unreachable' },

  20003: { reason: 'configuration', text: 'the credentials are wrong', isAccountWide: true },
  20005: { reason: 'configuration', text: 'the account is not active', isAccountWide: true },
  20006: { reason: 'configuration', text: 'the account may not do this', isAccountWide: true },
  20008: { reason: 'configuration', text: 'the credentials are for tests', isAccountWide: true },
  21212: { reason: 'configuration', text: 'our number is not valid', isAccountWide: true },
  21603: { reason: 'configuration', text: 'our number is missing', isAccountWide: true },
  21606: { reason: 'configuration', text: 'our number cannot send texts', isAccountWide: true },
  21609: { reason: 'configuration', text: 'the callback is no address', isAccountWide: true },
  21659: { reason: 'configuration', text: 'our number is not Twilio’s', isAccountWide: true },
  21660: { reason: 'configuration', text: 'our number is another account’s', isAccountWide: true },
  30002: { reason: 'configuration', text: 'the account is suspended', isAccountWide: true },
  30032: { reason: 'configuration', text: 'our number is not verified', isAccountWide: true },
  30034: { reason: 'configuration', text: 'our number is not registered', isAccountWide: true },
  // One person's country or number, so the others' texts still go out.
  21408: { reason: 'configuration', text: 'the account may not text that region' },
  21608: { reason: 'configuration', text: 'a trial account may not text that number' },

  30003: { reason: 'carrier', text: 'the phone is off or out of reach' },
  30004: { reason: 'carrier', text: 'the number blocks the text' },
  30007: { reason: 'carrier', text: 'the carrier filtered the text' },
  30008: { reason: 'carrier', text: 'the carrier does not say why' },
  30010: { reason: 'carrier', text: 'the text costs more than allowed' },
  30036: { reason: 'carrier', text: 'the text waited too long' },
  30410: { reason: 'carrier', text: 'the carrier did not answer in time' },
  30450: { reason: 'carrier', text: 'Twilio takes the traffic for fraud' },

  14107: { reason: 'transient', text: 'too many replies between the two numbers' },
  20429: { reason: 'transient', text: 'too many requests' },
  21611: { reason: 'transient', text: 'the queue of our number is full' },
  21730: { reason: 'transient', text: 'Twilio is under maintenance' },
  30001: { reason: 'transient', text: 'the queue is full' },
  30022: { reason: 'transient', text: 'too many texts for the registration' },
  63038: { reason: 'transient', text: 'the account’s texts of the day are used up' },

  21266: { reason: 'other', text: 'sender and receiver are the same' },
  21602: { reason: 'other', text: 'the text is empty' },
  21612: { reason: 'other', text: 'our number cannot text that number' },
  21617: { reason: 'other', text: 'the text is too long' },
};

/** Statuses without a code that speak of us, not of the text. */
const OUR_STATUSES = new Set([401, 403, 404, 405, 407]);

/** What an answer that is no message means. Pure. */
export function classifyAnswer({ status, code, retryAfterMs }: RefusedAnswer): SendFailure {
  const known = code === null ? undefined : MEANINGS[code];
  const message = describe(status, code, known);
  // A server that failed, or a proxy that gave up, may have passed the text on before.
  if (status >= 500 || status === 408 || status < 300) {
    return { outcome: 'uncertain', code: code ?? String(status), message };
  }
  if (status === 429 || status === 425 || known?.reason === 'transient') {
    return { outcome: 'retry', afterMs: retryAfterMs, code: code ?? String(status), message };
  }
  const isOurs = status < 400 || OUR_STATUSES.has(status);
  return {
    outcome: 'refused',
    reason: known?.reason ?? (isOurs ? 'configuration' : 'other'),
    code: code ?? String(status),
    message,
    isAccountWide: known?.isAccountWide ?? (known === undefined && isOurs),
  };
}

/** What the absence of an answer means; `wasSent` is false only where no byte can have got there. */
export function classifySilence(code: string | null, wasSent: boolean): SendFailure {
  const cause = code === null ? '' : ` (${code})`;
  return wasSent
    ? { outcome: 'uncertain', code, message: `Twilio gave no answer${cause}` }
    : { outcome: 'retry', afterMs: null, code, message: `Twilio could not be reached${cause}` };
}

/**
 * What the error code of a delivery state says of the number and every later text to it; null where
 * it says nothing that lasts. "refused" is a person's STOP, as Twilio tells it.
 */
export function numberFault(code: string | null): 'refused' | 'unreachable' | null {
  const reason = code === null ? undefined : MEANINGS[code]?.reason;
  if (reason === 'stop') return 'refused';
  return reason === 'unreachable' ? reason : null;
}

function describe(status: number, code: string | null, known: Meaning | undefined): string {
  const name = code === null ? `HTTP ${status}` : `${code} (HTTP ${status})`;
  return `Twilio answered ${name}${known === undefined ? '' : `: ${known.text}`}`;
}
