// Twilio's requests → stored texts and delivery states, or the reason why not. Signed first, then read
// strictly, then stored; 200 only after the commit. What is said back goes another way.
import { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ErrorLog } from '../agent/error-log.ts';
import type { MessageStore } from '../store/messages.ts';
import { type FieldProblem, parseForm } from './form.ts';
import { readInbound } from './inbound-fields.ts';
import { isE164 } from './phone.ts';
import { checkSignature, publicUrl } from './signature.ts';
import { CLIENT_PARAMETER, readStatus } from './status-fields.ts';

export interface TwilioAccount {
  accountSid: string;
  /** Two while one is replaced by the other. */
  authTokens: readonly string[];
  /** Scheme, host and perhaps path as Twilio reaches us; never taken from a request. */
  publicUrl: string;
}

export interface WebhookRequest {
  /** Path and query as received. */
  pathAndQuery: string;
  signature: string | undefined;
  contentType: string;
  body: Buffer;
}

export interface TwilioWebhooks {
  /** Both throw ERR_SCOPE for a request that Twilio did not sign, ERR_INPUT for bad fields. */
  receiveMessage(request: WebhookRequest): Promise<void>;
  receiveStatus(request: WebhookRequest): Promise<void>;
}

export interface WebhookDeps {
  account: TwilioAccount;
  store: MessageStore;
  now: () => Date;
  log: Log;
  /** Told of signed requests that are refused all the same: something is set up wrongly. */
  errors?: Pick<ErrorLog, 'record'>;
  /** Told after each commit: there is something to answer. */
  onStored?: () => void;
}

/** Makes the two webhooks. */
export function createTwilioWebhooks(deps: WebhookDeps): TwilioWebhooks {
  const { account, store, now, log, onStored = () => undefined } = deps;
  const refuse = createRefusal(deps);
  return {
    receiveMessage: async (request) => {
      const form = signedForm(request, account);
      const to = fieldOf(form, 'To');
      const clientId = await store.findClient(to);
      const numbers = new Set(clientId === undefined ? [] : [to]);
      const read = readInbound(form, { accountSid: account.accountSid, numbers });
      if ('problem' in read) return refuse(read.problem, { clientId, number: to });
      const { messageSid } = read.message;
      const inbound = { clientId: clientId ?? '', message: read.message, now: now() };
      const stored = await store.storeInbound(inbound);
      onStored();
      log.info('sms.received', { clientId, messageSid, result: stored });
    },
    receiveStatus: async (request) => {
      const form = signedForm(request, account);
      const query = parseForm(request.pathAndQuery.split('?')[1] ?? '');
      const read = readStatus(form, query, account.accountSid);
      const number = fieldOf(form, 'From');
      const ofNumber = await store.findClient(number);
      if ('problem' in read) return refuse(read.problem, { clientId: ofNumber, number });
      // The address is ours and signed, so the client in it is who sent the message.
      const clientId = read.report.clientId ?? ofNumber;
      if (clientId === undefined) {
        const reason = 'must be one of our numbers';
        return refuse({ field: 'From', reason }, { clientId, number });
      }
      if (!(await store.storeStatus(clientId, read.report, now()))) {
        const problem = { field: CLIENT_PARAMETER, reason: 'must be a client' };
        return refuse(problem, { clientId: ofNumber, number });
      }
      const { messageSid, status } = read.report;
      log.info('sms.status_told', { clientId, messageSid, status });
    },
  };
}

function signedForm(
  { pathAndQuery, signature, contentType, body }: WebhookRequest,
  account: TwilioAccount,
) {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(contentType);
  const url = publicUrl(account.publicUrl, pathAndQuery);
  const check = checkSignature({ url, signature, body, isForm }, account.authTokens);
  if ('problem' in check) {
    throw new AppError('ERR_SCOPE', `the request is not Twilio's: ${check.problem}`, {
      fix: 'check TWILIO_AUTH_TOKEN, and that PUBLIC_URL is the address Twilio calls',
    });
  }
  if (!isForm) throw new AppError('ERR_INPUT', 'the body is no form', { fix: 'send a form' });
  return parseForm(body.toString('utf8'));
}

function fieldOf(form: ReturnType<typeof parseForm>, name: string): string {
  return form.find(([field]) => field === name)?.[1] ?? '';
}

/** The same once in so long, and never more kinds at a time: a request may be sent again for ever. */
const TOLD_EVERY_MS = 5 * 60_000;
const KINDS_MAX = 100;

/** Throws ERR_INPUT, after the owner was told; what nobody signed never comes here. */
function createRefusal({ errors, now }: WebhookDeps) {
  const toldAt = new Map<string, number>();
  const isNews = (message: string) => {
    const at = now().getTime();
    for (const [told, instant] of toldAt) if (at - instant >= TOLD_EVERY_MS) toldAt.delete(told);
    if (toldAt.has(message) || toldAt.size >= KINDS_MAX) return false;
    toldAt.set(message, at);
    return true;
  };
  return async (
    problem: FieldProblem,
    { clientId, number }: { clientId: string | undefined; number: string },
  ): Promise<never> => {
    const { field, reason } = problem;
    // A number of the account, or Twilio would not have signed; its end is enough to find it by.
    const isLoose = clientId === undefined && isE164(number);
    const hint = isLoose ? `: the one that ends in ${number.slice(-4)} has no client` : '';
    const message = `${field} ${reason}${hint}`;
    if (isNews(`${clientId} ${message}`)) {
      const of = { code: field, clientId: clientId ?? null };
      await errors?.record({ type: 'validation_error', message, ...of });
    }
    throw badField(problem);
  };
}

function badField({ field, reason }: FieldProblem): AppError {
  return new AppError('ERR_INPUT', `${field} ${reason}`, { fix: 'send what Twilio sends' });
}
