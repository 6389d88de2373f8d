// Pure: was this request signed by Twilio with one of our auth tokens? Says nothing of its fields: a
// signature has neither time nor separators, so a replay and a shifted field pass it.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parseForm } from './form.ts';

export interface SignedRequest {
  /** As configured for the public, never made of request headers; with the query as received. */
  url: string;
  /** X-Twilio-Signature. */
  signature: string | undefined;
  body: Buffer;
  /** True for application/x-www-form-urlencoded. */
  isForm: boolean;
}

/** Which token matched (0 is the first), so that a rotation can be seen to be over; or why none. */
export type SignatureCheck =
  | { token: number }
  | { problem: 'no signature' | 'no token' | 'not signed by us' | 'not the signed body' };

/** Compares with every token, of which there are two while one is replaced by the other. */
export function checkSignature(
  { url, signature, body, isForm }: SignedRequest,
  authTokens: readonly string[],
): SignatureCheck {
  // Anybody can sign with an empty token.
  if (authTokens.length === 0 || authTokens.includes('')) return { problem: 'no token' };
  if (!signature) return { problem: 'no signature' };
  const address = parseUrl(url);
  if (address === undefined) return { problem: 'not signed by us' };
  const parameters = isForm ? joinParameters(body) : '';
  const token = authTokens.findIndex((authToken) =>
    listSignedUrls(address).some((signedUrl) =>
      isEqual(signature, sign(authToken, signedUrl + parameters)),
    ),
  );
  if (token === -1) return { problem: 'not signed by us' };
  // Without a form only this hash, itself part of the signed URL, covers the body.
  const bodyHash = address.searchParams.get('bodySHA256') ?? '';
  if (!isForm && !isEqual(bodyHash.toLowerCase(), sha256(body))) {
    return { problem: 'not the signed body' };
  }
  return { token };
}

/**
 * Public address of a request: scheme and host from the configuration, path and query from the
 * request line.
 */
export function publicUrl(publicBase: string, pathAndQuery: string): string {
  return `${publicBase.replace(/\/+$/, '')}/${pathAndQuery.replace(/^\/+/, '')}`;
}

/** HMAC-SHA1 in base64, as in the header; `text` is the URL and the parameters. */
export function sign(authToken: string, text: string): string {
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64');
}

/** Names in order, each followed by its value; a repeated one by its different values in order. */
export function joinParameters(body: Buffer): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of parseForm(body.toString('utf8'))) {
    values.set(name, (values.get(name) ?? new Set()).add(value));
  }
  return [...values.keys()]
    .sort()
    .flatMap((name) => [...(values.get(name) ?? [])].sort().map((value) => name + value))
    .join('');
}

/**
 * Twilio signs with or without the port, whichever its edge saw; of the fragment, which sets its
 * time-outs and is not sent, the documentation does not say whether it is signed.
 */
function listSignedUrls(address: URL): string[] {
  const { protocol, username, password, hostname, pathname, search, hash } = address;
  const login = username === '' ? '' : `${username}${password === '' ? '' : `:${password}`}@`;
  const ports = ['', `:${address.port || (protocol === 'https:' ? '443' : '80')}`];
  const urls = ports.map((port) => `${protocol}//${login}${hostname}${port}${pathname}${search}`);
  return hash === '' ? urls : [...urls, ...urls.map((url) => url + hash)];
}

function parseUrl(url: string): URL | undefined {
  return URL.parse(url) ?? undefined;
}

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

function isEqual(received: string, expected: string): boolean {
  const [left, right] = [Buffer.from(received), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
