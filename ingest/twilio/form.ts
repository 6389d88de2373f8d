// Pure: the body of a webhook as Twilio sends it (application/x-www-form-urlencoded) → its fields in
// order, repeated ones included. Judges none of them, except the marks of a forged split.

export type FormField = readonly [name: string, value: string];

export interface FieldProblem {
  field: string;
  reason: string;
}

// Twilio's names are letters and digits; brackets would be read as arrays by other parsers.
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_.]*$/;
/** Fields whose value is a message's sid. */
const SID_FIELDS = new Set(['MessageSid', 'SmsMessageSid', 'OriginalRepliedMessageSid']);
const SID_MARK = /MessageSid(?:SM|MM)[0-9a-f]{32}/g;
const SENDER_MARK = /From\+?\d{3,}/g;
const SENDER_ITSELF = /^\+?\d{3,}/;

/** Fields of a form body. Never throws: broken escapes stay as they are, broken UTF-8 is U+FFFD. */
export function parseForm(body: string): FormField[] {
  return [...new URLSearchParams(body)];
}

/** Fields by name, or the first one that is repeated, an array or not named as Twilio names any. */
export function readFields(
  fields: readonly FormField[],
): { values: Map<string, string> } | { problem: FieldProblem } {
  const values = new Map<string, string>();
  for (const [name, value] of fields) {
    if (!FIELD_NAME.test(name)) {
      return { problem: { field: name.slice(0, 40), reason: 'is no name of a field' } };
    }
    if (values.has(name)) return { problem: { field: name, reason: 'must be there only once' } };
    values.set(name, value);
  }
  return { values };
}

/**
 * The signature covers names and values without any separator: "Body=hiFrom+1999" is signed like
 * "Body=hi&From=+1999". A request that was split anew still holds the real sender and sid, inside
 * another field or across two; only the body may hold what looks like them.
 */
export function findForgedSplit(values: ReadonlyMap<string, string>): FieldProblem | undefined {
  const names = [...values.keys()].filter((name) => name !== 'Body').sort();
  const signed = names.map((name) => `${name}${values.get(name)}`).join('');
  const sids = names.filter((name) => SID_FIELDS.has(name)).length;
  const reason = 'stands inside another field, so the request was put together anew';
  if ((signed.match(SID_MARK)?.length ?? 0) > sids) return { field: 'MessageSid', reason };
  const senders = SENDER_ITSELF.test(values.get('From') ?? '') ? 1 : 0;
  if ((signed.match(SENDER_MARK)?.length ?? 0) > senders) return { field: 'From', reason };
  return undefined;
}
