// Twilio's own signature vectors, and each way in which a request is not Twilio's.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSignature, joinParameters, publicUrl, sign } from './signature.ts';

interface Vector {
  name: string;
  auth_token: string;
  request_url: string;
  params: Record<string, string>;
  raw_body: string | null;
  x_twilio_signature: string;
  expect_valid: boolean;
}

const file = new URL('../../test/twilio/signature-vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];
const URL_OF_OURS = 'https://sms.example.com/webhooks/twilio/sms';
const TOKEN = 'a-token';
const form = (text: string) => ({ body: Buffer.from(text), isForm: true });

test.each(vectors)('vector: $name', (vector) => {
  const isForm = vector.raw_body === null;
  const text = vector.raw_body ?? new URLSearchParams(vector.params).toString();
  const request = {
    url: vector.request_url,
    signature: vector.x_twilio_signature,
    body: Buffer.from(text),
    isForm,
  };
  const check = checkSignature(request, [vector.auth_token]);
  expect(check).toEqual(vector.expect_valid ? { token: 0 } : { problem: 'not signed by us' });
  expect(checkSignature(request, ['another'])).toEqual({ problem: 'not signed by us' });
});

describe('a signed request', () => {
  const text = 'From=%2B14155550100&Body=a+b%26c&To=%2B14155550101';
  const signed = 'Bodya b&cFrom+14155550100To+14155550101';
  const signature = sign(TOKEN, URL_OF_OURS + signed);
  const request = { url: URL_OF_OURS, signature, ...form(text) };

  test('is recognised by either token of a rotation, and says by which', () => {
    expect(checkSignature(request, [TOKEN])).toEqual({ token: 0 });
    expect(checkSignature(request, ['new', TOKEN])).toEqual({ token: 1 });
  });

  test('is refused without a token, with an empty one, and without a signature', () => {
    expect(checkSignature(request, [])).toEqual({ problem: 'no token' });
    const signedWithNothing = { ...request, signature: sign('', URL_OF_OURS + signed) };
    expect(checkSignature(signedWithNothing, [TOKEN, ''])).toEqual({ problem: 'no token' });
    for (const none of [undefined, '']) {
      const unsigned = { ...request, signature: none };
      expect(checkSignature(unsigned, [TOKEN])).toEqual({ problem: 'no signature' });
    }
  });

  test('is refused when host, path, query, a field or the signature differ', () => {
    const changed = [
      { ...request, url: URL_OF_OURS.replace('sms.', 'evil.') },
      { ...request, url: URL_OF_OURS.replace('https', 'http') },
      { ...request, url: `${URL_OF_OURS}/` },
      { ...request, url: `${URL_OF_OURS}?a=1` },
      { ...request, ...form(`${text}&Extra=1`) },
      { ...request, ...form(text.replace('c', 'd')) },
      { ...request, signature: `${signature}=` },
      { ...request, signature: signature.toLowerCase() },
      { ...request, url: 'no address' },
      { ...request, isForm: false },
    ];
    for (const each of changed) {
      expect(checkSignature(each, [TOKEN])).toEqual({ problem: 'not signed by us' });
    }
  });

  test('may be signed with the default port, or with the fragment that sets time-outs', () => {
    for (const url of [URL_OF_OURS.replace('.com', '.com:443'), `${URL_OF_OURS}#rc=3&rp=all`]) {
      const other = { ...request, url: `${URL_OF_OURS}#rc=3&rp=all`, signature: '' };
      other.signature = sign(TOKEN, url + signed);
      expect(checkSignature(other, [TOKEN])).toEqual({ token: 0 });
    }
    const wrongPort = sign(TOKEN, URL_OF_OURS.replace('.com', '.com:80') + signed);
    const check = checkSignature({ ...request, signature: wrongPort }, [TOKEN]);
    expect(check).toEqual({ problem: 'not signed by us' });
  });
});

test('repeated parameters are signed once for each different value, in order', () => {
  expect(joinParameters(Buffer.from('B=2&A=z&A=b&A=z&B=1'))).toBe('AbAzB1B2');
});

test('a body without a form is covered by its hash in the signed address alone', () => {
  const body = Buffer.from('{"a": 1}');
  const hash = createHash('sha256').update(body).digest('hex');
  const url = `${URL_OF_OURS}?bodySHA256=${hash}`;
  const signature = sign(TOKEN, url);
  const request = { url, signature, body, isForm: false };
  expect(checkSignature(request, [TOKEN])).toEqual({ token: 0 });
  const changed = { ...request, body: Buffer.from('{"a": 2}') };
  expect(checkSignature(changed, [TOKEN])).toEqual({ problem: 'not the signed body' });
  const unhashed = { url: URL_OF_OURS, signature: sign(TOKEN, URL_OF_OURS), body, isForm: false };
  expect(checkSignature(unhashed, [TOKEN])).toEqual({ problem: 'not the signed body' });
});

test('the public address keeps its own path and takes path and query of the request', () => {
  expect(publicUrl('https://a.example/', '/webhooks/x?id=1')).toBe(
    'https://a.example/webhooks/x?id=1',
  );
  expect(publicUrl('https://a.example/base', '//evil.example/x')).toBe(
    'https://a.example/base/evil.example/x',
  );
});

test('no request whatever makes it throw or passes unsigned', () => {
  const anyText = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(
      fc.oneof(anyText, fc.webUrl({ withQueryParameters: true, withFragments: true })),
      anyText,
      fc.uint8Array(),
      fc.boolean(),
      (url, signature, bytes, isForm) => {
        const request = { url, signature, body: Buffer.from(bytes), isForm };
        expect(checkSignature(request, [TOKEN])).toHaveProperty('problem');
      },
    ),
  );
});
