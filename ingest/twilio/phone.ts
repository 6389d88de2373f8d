// Pure: what a phone number, a short code and a sender's name look like, and which country code a
// number has. Masking is left to reports, validity of a number within its country to Twilio.

export type SenderKind = 'phone' | 'short-code' | 'name';

const E164 = /^\+[1-9]\d{6,14}$/;
// Five or six digits in North America, three to eight elsewhere.
const SHORT_CODE = /^\d{3,8}$/;
const SENDER_NAME = /^(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}$/;
/** ITU-T E.164: codes of one and of two digits; all others have three. */
const SHORT_CALLING_CODES = new Set(
  (
    '1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 ' +
    '63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'
  ).split(' '),
);

/** True for "+" and 7 to 15 digits: a number that can be called from anywhere. */
export function isE164(text: string): boolean {
  return E164.test(text);
}

/** Who may stand in "From"; null for what is none of them, such as "whatsapp:+43…". */
export function senderKind(from: string): SenderKind | null {
  if (isE164(from)) return 'phone';
  if (SHORT_CODE.test(from)) return 'short-code';
  return SENDER_NAME.test(from) ? 'name' : null;
}

/** "43" of "+43…"; null for a short code or a name. North America and the Caribbean share "1". */
export function callingCode(from: string): string | null {
  if (!isE164(from)) return null;
  const lengths = [1, 2].find((digits) => SHORT_CALLING_CODES.has(from.slice(1, 1 + digits)));
  return from.slice(1, 1 + (lengths ?? 3));
}
