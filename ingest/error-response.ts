// The only table from error codes to HTTP status, and the public shape of an error.
import { type ErrorCode, isAppError } from '../core/errors.ts';

export interface ErrorResponse {
  status: number;
  headers: Record<string, string>;
  body: { error: { code: string; message: string; fix?: string } };
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  ERR_AUTH: 401,
  ERR_SCOPE: 403,
  ERR_INPUT: 400,
  ERR_NOT_FOUND: 404,
  ERR_TOO_LARGE: 413,
  ERR_TIMEOUT: 408,
  ERR_BOOKS_UNAVAILABLE: 503,
  ERR_DISK_LOW: 503,
  // Books that are not migrated, or a login that may not serve: it is ours to mend, not the client's.
  ERR_CONFIG: 503,
};
const RETRY_AFTER_SECONDS = '5';

/** The answer to a failed request. Only our own messages leave the house, never a driver's. */
export function toErrorResponse(error: unknown): ErrorResponse {
  const status = isAppError(error) ? (STATUS[error.code] ?? 500) : bodyParserStatus(error);
  if (status === 503) {
    const message = 'the books cannot be reached just now; nothing was stored';
    return respond(503, 'ERR_BOOKS_UNAVAILABLE', message, 'send the same request again');
  }
  if (isAppError(error) && status !== 500)
    return respond(status, error.code, error.message, error.fix);
  if (status === 413)
    return respond(413, 'ERR_TOO_LARGE', 'the body is too large', 'send smaller batches');
  if (status < 500) return respond(status, 'ERR_INPUT', 'the request body could not be read');
  return respond(500, 'ERR_INTERNAL', 'something went wrong here; the log says what');
}

function respond(status: number, code: string, message: string, fix?: string): ErrorResponse {
  const headers: Record<string, string> = {};
  if (status === 503) headers['retry-after'] = RETRY_AFTER_SECONDS;
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  return {
    status,
    headers,
    body: { error: { code, message, ...(fix === undefined ? {} : { fix }) } },
  };
}

/** Errors of the body reader carry the status that fits them (http-errors). */
function bodyParserStatus(error: unknown): number {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
