// Fetches the media of an inbound message from Twilio and nowhere else: https, its own hosts, our
// credentials at the first of them only, redirects checked one by one, bytes counted while read.
import { AppError } from '../../core/errors.ts';

export interface Media {
  bytes: Buffer;
  /** As the server says; what the bytes are is for the caller to look at. */
  contentType: string;
}

export interface MediaAccess {
  accountSid: string;
  authToken: string;
  baseUrl?: string;
  timeoutMs: number;
}

const API_HOST = 'api.twilio.com';
const STORE_HOST = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.twiliocdn\.com$/;
const REDIRECTS_MAX = 3;
const REDIRECT = new Set([301, 302, 303, 307, 308]);

/** Throws ERR_MEDIA; its details tell the `reason`, and whether another try may help. */
export async function fetchTwilioMedia(
  url: string,
  bytesMax: number,
  access: MediaAccess,
): Promise<Media> {
  const signal = AbortSignal.timeout(access.timeoutMs);
  try {
    const response = await follow(url, access, signal);
    const contentType = response.headers.get('content-type') ?? 'application/octet-stream';
    return { bytes: await readBytes(response, bytesMax), contentType };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const problem = signal.aborted ? 'took too long' : 'could not be fetched';
    throw mediaError(signal.aborted ? 'timeout' : 'connection', problem, true);
  }
}

async function follow(url: string, access: MediaAccess, signal: AbortSignal): Promise<Response> {
  const login = `${access.accountSid}:${access.authToken}`;
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  let target = findTarget(url, access.baseUrl);
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const headers = hop === 0 && target.isApi ? { authorization } : undefined;
    const response = await fetch(target.url, {
      redirect: 'manual',
      signal,
      ...(headers && { headers }),
    });
    if (response.ok) return response;
    await response.body?.cancel();
    const { status } = response;
    if (!REDIRECT.has(status)) throw statusError(status);
    const location = URL.parse(response.headers.get('location') ?? '', target.url.href);
    if (location === null) throw mediaError('redirect', 'is sent on to no address');
    target = findTarget(location.href, access.baseUrl);
  }
  throw mediaError('redirect', 'is sent on too often');
}

/** The address to ask, and whether it is the API that knows our credentials. */
function findTarget(text: string, baseUrl: string | undefined): { url: URL; isApi: boolean } {
  const url = URL.parse(text);
  if (url === null) throw mediaError('address', 'has no valid address');
  if (url.username !== '' || url.password !== '') throw mediaError('address', 'has a login in it');
  if (baseUrl !== undefined && url.origin === new URL(baseUrl).origin) return { url, isApi: true };
  if (url.protocol !== 'https:' || url.port !== '') {
    throw mediaError('address', 'is not at an https address of Twilio');
  }
  if (url.hostname === API_HOST) {
    const base = (baseUrl ?? `https://${API_HOST}`).replace(/\/+$/, '');
    return { url: new URL(`${base}${url.pathname}${url.search}`), isApi: true };
  }
  if (STORE_HOST.test(url.hostname)) return { url, isApi: false };
  throw mediaError('address', 'is not at a host of Twilio');
}

async function readBytes(response: Response, bytesMax: number): Promise<Buffer> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (announced <= bytesMax) {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > bytesMax) break;
      chunks.push(chunk);
    }
  }
  if (announced <= bytesMax && size <= bytesMax) return Buffer.concat(chunks);
  if (!response.bodyUsed) await response.body?.cancel();
  throw mediaError('size', `has more than ${bytesMax} bytes`);
}

function statusError(status: number): AppError {
  const isTransient = status === 404 || status === 408 || status === 429 || status >= 500;
  return mediaError('status', `was answered with HTTP ${status}`, isTransient);
}

/** The address stays out: its path is all that protects media where Twilio asks for no login. */
function mediaError(reason: string, problem: string, isTransient = false): AppError {
  return new AppError('ERR_MEDIA', `the media ${problem}`, {
    details: { reason, isTransient },
    fix: isTransient
      ? 'fetch it again later'
      : 'switch on "Enforce HTTP Auth on Media URLs" at Twilio; other hosts are not asked',
  });
}
