// Pure: the fields of a delivery callback, and our outbox id in its query → one DeliveryReport, or a
// problem that names the field. What the report changes is for status-rank.ts and the store.
import { type FieldProblem, type FormField, readFields } from './form.ts';

export interface DeliveryReport {
  messageSid: string;
  /** As Twilio tells it, perhaps a word that it has added since. */
  status: string;
  errorCode: string | null;
  /** From the query of the callback's address; null for messages sent by others. */
  outboxId: string | null;
  /** Likewise; whether there is such a client is not known here. */
  clientId: string | null;
}

export type StatusReading = { report: DeliveryReport } | { problem: FieldProblem };

/** Names the client in the callback's address: a messaging service may leave our number out. */
export const CLIENT_PARAMETER = 'client_id';
/** Name of the parameter that carries our outbox id in the callback's address. */
export const OUTBOX_PARAMETER = 'outbox_id';

const MESSAGE_SID = /^(?:SM|MM)[0-9a-f]{32}$/;
const STATUS = /^[A-Za-z][A-Za-z_-]{0,39}$/;
const ERROR_CODE = /^\d{1,6}$/;
const CLIENT_ID = /^[a-z0-9-]{1,63}$/;
const OUTBOX_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Reads one callback; `query` are the parameters of the address. Never throws. */
export function readStatus(
  fields: readonly FormField[],
  query: readonly FormField[],
  accountSid: string,
): StatusReading {
  const read = readFields(fields);
  if ('problem' in read) return read;
  const asked = readFields(query);
  if ('problem' in asked) return asked;
  // Twilio still sends the older names beside the new ones.
  const told = (name: string, older: string) => read.values.get(name) ?? read.values.get(older);
  const report = {
    messageSid: told('MessageSid', 'SmsSid') ?? '',
    status: (told('MessageStatus', 'SmsStatus') ?? '').toLowerCase(),
    errorCode: withoutZero(read.values.get('ErrorCode')),
    outboxId: asked.values.get(OUTBOX_PARAMETER) ?? null,
    clientId: asked.values.get(CLIENT_PARAMETER) || null,
  };
  const problem =
    read.values.get('AccountSid') === accountSid
      ? findProblem(report)
      : { field: 'AccountSid', reason: 'must be our account' };
  return problem === undefined ? { report } : { problem };
}

function findProblem(report: DeliveryReport): FieldProblem | undefined {
  const { messageSid, status, errorCode, outboxId, clientId } = report;
  if (!MESSAGE_SID.test(messageSid)) {
    return { field: 'MessageSid', reason: 'must be SM or MM and 32 hex' };
  }
  if (!STATUS.test(status)) return { field: 'MessageStatus', reason: 'must be a word' };
  if (errorCode !== null && !ERROR_CODE.test(errorCode)) {
    return { field: 'ErrorCode', reason: 'must be a number' };
  }
  if (outboxId !== null && !OUTBOX_ID.test(outboxId)) {
    return { field: OUTBOX_PARAMETER, reason: 'must be an id that we gave' };
  }
  if (clientId !== null && !CLIENT_ID.test(clientId)) {
    return { field: CLIENT_PARAMETER, reason: 'must be a client that we named' };
  }
  return undefined;
}

/** Twilio leaves the code out, empty or 0 where nothing went wrong. */
function withoutZero(code: string | undefined): string | null {
  return code === undefined || /^0*$/.test(code) ? null : code;
}
