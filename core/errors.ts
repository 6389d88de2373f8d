// The one error class of Daybook and its closed list of codes. Mapping a code to an HTTP status
// belongs to ingest; deciding on a retry belongs to the caller.

/** What can go wrong in operation. Match on the code, never on the message. */
export type ErrorCode =
  | 'ERR_CONFIG'
  | 'ERR_USAGE'
  | 'ERR_AUTH'
  | 'ERR_SCOPE'
  | 'ERR_INPUT'
  | 'ERR_NOT_FOUND'
  | 'ERR_EXISTS'
  | 'ERR_TOO_LARGE'
  | 'ERR_TIMEOUT'
  | 'ERR_BOOKS_UNAVAILABLE'
  | 'ERR_SQL'
  | 'ERR_CHECK_FAILED'
  | 'ERR_WAREHOUSE_BUSY'
  | 'ERR_RUN_LOST'
  | 'ERR_RUN_FAILED'
  | 'ERR_STOPPED'
  | 'ERR_NOT_YET'
  | 'ERR_RENDER'
  | 'ERR_ARCHIVE'
  | 'ERR_BACKUP'
  | 'ERR_DISK_LOW'
  | 'ERR_MAIL'
  | 'ERR_TWILIO'
  | 'ERR_MEDIA';

/** Extra facts for the log and the fix to print for the person who reads the message. */
export interface ErrorExtras {
  cause?: unknown;
  details?: Record<string, unknown>;
  fix?: string;
}

/** An operating error: what failed, where, with which value, and what to do next. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = extras.details ?? {};
    this.fix = extras.fix;
  }
}

/** True when `error` is an AppError, optionally one of the given codes. */
export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** Message, fix and cause as the lines a person at a terminal reads. */
export function describeError(error: unknown): string {
  if (!isAppError(error))
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [error.message];
  if (tellsMore(error)) lines.push(`  cause: ${messageOf(error.cause)}`);
  if (error.fix !== undefined) lines.push(`  do: ${error.fix}`);
  return lines.join('\n');
}

/** A message often names its cause already, or the file that is not there. */
function tellsMore({ message, cause }: AppError): boolean {
  if (cause === undefined || message.includes(messageOf(cause))) return false;
  const { code, path } = cause as { code?: unknown; path?: unknown };
  return !(code === 'ENOENT' && typeof path === 'string' && message.includes(path));
}
