// Rules of fetching media: from Twilio's hosts alone, over https, with our credentials at the first
// of them only, and never more bytes than asked for.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTwilioStandIn, type TwilioStandIn } from '../../test/stand-ins/twilio.ts';
import { createTwilioApi, type TwilioApi } from './api.ts';

const PICTURE = Buffer.from('89504e470d0a1a0a', 'hex');
const BYTES_MAX = 1_000;

let standIn: TwilioStandIn;
let twilio: TwilioApi;
/** Another server, which must never be asked. */
let foreign: Server;
let foreignUrl: string;
const asked: IncomingHttpHeaders[] = [];

beforeAll(async () => {
  standIn = await startTwilioStandIn();
  const { url: baseUrl, accountSid, authToken } = standIn;
  twilio = createTwilioApi({ baseUrl, accountSid, authToken, timeoutMs: 2_000 });
  foreign = createServer((request, response) => {
    asked.push(request.headers);
    response.end('inside');
  });
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  foreignUrl = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
});
afterAll(async () => {
  foreign.close();
  await standIn.close();
});
afterEach(() => {
  asked.length = 0;
});

/** A picture message; its media's address as the webhook tells it. */
async function receivePicture(bytes: Buffer, redirectTo?: string): Promise<string> {
  const media = [{ contentType: 'image/png', bytes, ...(redirectTo && { redirectTo }) }];
  const text = { from: '+14155550100', to: '+15005550006', body: '', media };
  const { messageSid } = await standIn.receive(text, 'http://127.0.0.1:9/');
  const [listed] = await twilio.listMedia(messageSid);
  expect(listed?.contentType).toBe('image/png');
  return listed?.url ?? '';
}

test('a picture is fetched through the redirect, which sees no credentials', async () => {
  const url = await receivePicture(PICTURE);
  expect(url).toMatch(/^https:\/\/api\.twilio\.com\/2010-04-01\/Accounts\/AC\w+\/Messages\/MM/);
  const media = await twilio.fetchMedia(url, BYTES_MAX);
  // The store behind the redirect refuses whoever brings credentials.
  expect(media).toEqual({ bytes: PICTURE, contentType: 'image/png' });
});

test('just as many bytes as allowed are taken, and not one more', async () => {
  const full = await receivePicture(Buffer.alloc(BYTES_MAX, 1));
  expect((await twilio.fetchMedia(full, BYTES_MAX)).bytes).toHaveLength(BYTES_MAX);
  const over = await receivePicture(Buffer.alloc(BYTES_MAX + 1, 1));
  const fetched = twilio.fetchMedia(over, BYTES_MAX);
  await expect(fetched).rejects.toMatchObject({ code: 'ERR_MEDIA', details: { reason: 'size' } });
});

test('an answer that tells no length is cut off where it is too long', async () => {
  let sent = 0;
  const endless = createServer((request, response) => {
    const send = () => {
      sent += 1;
      if (!request.socket.destroyed && sent < 10_000) response.write(Buffer.alloc(500), send);
    };
    send();
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/m`;
  const { accountSid, authToken } = standIn;
  const api = createTwilioApi({ accountSid, authToken, baseUrl: new URL(url).origin });
  await expect(api.fetchMedia(url, BYTES_MAX)).rejects.toMatchObject({
    details: { reason: 'size', isTransient: false },
  });
  expect(sent).toBeLessThan(10_000);
  endless.closeAllConnections();
  endless.close();
});

describe('an address that is not Twilio’s is refused unasked', () => {
  const ADDRESSES = [
    'http://api.twilio.com/2010-04-01/x',
    'http://media.twiliocdn.com/x',
    'https://evil.example/x',
    'https://api.twilio.com.evil.example/x',
    'https://api.twilio.com@evil.example/x',
    'https://user:pass@api.twilio.com/x',
    'https://eviltwiliocdn.com/x',
    'https://twiliocdn.com/x',
    'https://media.twiliocdn.com.evil.example/x',
    'https://api.twilio.com./x',
    'https://api.twilio.com:8443/x',
    'https://evil.example\\@api.twilio.com/x',
    'https://evil.example#@api.twilio.com/x',
    'https://evil.example/?@api.twilio.com',
    'https://api.twilio.com%2eevil.example/x',
    'https://аpi.twilio.com/x',
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://[::ffff:169.254.169.254]/latest/meta-data',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/x',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'ftp://api.twilio.com/x',
    'blob:https://api.twilio.com/x',
    'javascript:alert(1)',
    '//api.twilio.com/x',
    'not an address',
    '',
  ];

  test.each(ADDRESSES)('%s', async (url) => {
    const error = await twilio.fetchMedia(url, BYTES_MAX).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_MEDIA', details: { reason: 'address' } });
    expect(String(error)).not.toContain(url || 'https:');
  });

  test.each(ADDRESSES.filter((url) => /^(?:https?|file|data|ftp):[!-~]*$/.test(url)))(
    'nor is it after a redirect: %s',
    async (url) => {
      const fetched = twilio.fetchMedia(await receivePicture(PICTURE, url), BYTES_MAX);
      await expect(fetched).rejects.toMatchObject({ details: { reason: 'address' } });
    },
  );

  test('a redirect to a server inside reaches nothing', async () => {
    const url = await receivePicture(PICTURE, `${foreignUrl}/admin`);
    await expect(twilio.fetchMedia(url, BYTES_MAX)).rejects.toMatchObject({
      details: { reason: 'address' },
    });
    await expect(twilio.fetchMedia(`${foreignUrl}/admin`, BYTES_MAX)).rejects.toMatchObject({
      details: { reason: 'address' },
    });
    expect(asked).toEqual([]);
    // The control: where that server is the configured one, it is asked.
    const { accountSid, authToken } = standIn;
    const other = createTwilioApi({ accountSid, authToken, baseUrl: foreignUrl });
    await other.fetchMedia(`${foreignUrl}/admin`, BYTES_MAX);
    expect(asked).toHaveLength(1);
  });
});

test('a redirect that never ends is given up, and only the first of it knows us', async () => {
  const logins: (string | undefined)[] = [];
  const circle = createServer((request, response) => {
    logins.push(request.headers.authorization);
    response.writeHead(302, { location: `/round/${logins.length}` }).end();
  });
  await new Promise<void>((resolve) => circle.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(circle.address() as AddressInfo).port}`;
  const { accountSid, authToken } = standIn;
  const api = createTwilioApi({ accountSid, authToken, baseUrl });
  await expect(api.fetchMedia(`${baseUrl}/start`, BYTES_MAX)).rejects.toMatchObject({
    details: { reason: 'redirect', isTransient: false },
  });
  expect(logins).toEqual([expect.stringMatching(/^Basic /), undefined, undefined, undefined]);
  circle.close();
});

test('media that are gone or not there yet may be asked for again', async () => {
  const url = await receivePicture(PICTURE);
  const missing = url.replace(/ME\w+$/, `ME${'0'.repeat(32)}`);
  await expect(twilio.fetchMedia(missing, BYTES_MAX)).rejects.toMatchObject({
    details: { reason: 'status', isTransient: true },
  });
  await expect(twilio.listMedia('SM../../x')).rejects.toMatchObject({ code: 'ERR_TWILIO' });
});
