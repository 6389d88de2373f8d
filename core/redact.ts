// Pure: takes out of a message what is nobody's business who reads errors: numbers and addresses of
// people, quoted words, keys. What is left says what failed, not with whose words.

const CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;
const AUTHORIZATION = /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi;
/** Keys of OpenAI and of ours; tokens and accounts of Twilio; hashes. */
const KEY = /\b(?:sk-[\w-]{6,}|dbk_[\w-]{6,}|(?:AC|SK)?[0-9a-f]{32,})\b/g;
const MAIL_ADDRESS = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g;
/** Seven to fifteen digits, however they are grouped. */
const NUMBER = /(?<![0-9A-Za-z])\+?\(?\d(?:[\s().\-\u2010-\u2015]{0,2}\d){6,14}/g;
const DATE_OR_IP = /^(?:\d{4}-\d\d-\d\d.*|\d{1,3}(?:\.\d{1,3}){3})$/;
const QUOTED = /"([^"]*)"|“([^”]*)”/g;
/** The name of a table, a field, a model or a host. */
const IDENTIFIER = /^[\w.:/-]{1,63}$/;

/** The message without people, words and secrets. */
export function redact(text: string): string {
  return text
    .replace(CREDENTIALS, '$1(login)@')
    .replace(AUTHORIZATION, '$1 (key)')
    .replace(KEY, '(key)')
    .replace(MAIL_ADDRESS, (found) => (found.includes('(login)@') ? found : '(address)'))
    .replace(NUMBER, (found) => (DATE_OR_IP.test(found) ? found : '(number)'))
    .replace(QUOTED, (found, plain?: string, curly?: string) =>
      IDENTIFIER.test(plain ?? curly ?? '') ? found : '"…"',
    );
}
