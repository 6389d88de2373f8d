// What every format asks of a request's body: text, JSON, and no more items than a request may have.
// Knows no format. Pure.
import { AppError } from '../../core/errors.ts';
import { parseShallowJson } from './values/shallow-json.ts';

export const EVENTS_PER_REQUEST_MAX = 5_000;

/** Text of a body. Throws ERR_INPUT for one that is empty or no UTF-8. */
export function textOfBody(body: Buffer): string {
  if (body.length === 0) {
    const fix = 'send what the path takes: GET /openapi.json describes it';
    throw new AppError('ERR_INPUT', 'the body is empty', { fix });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError('ERR_INPUT', 'the body is not UTF-8', { cause, fix: 'send UTF-8 text' });
  }
}

/** The value of a JSON body; `fix` says what to send instead. Throws ERR_INPUT for no JSON. */
export function parseJsonBody(text: string, fix: string): unknown {
  try {
    return parseShallowJson(text);
  } catch (cause) {
    throw new AppError('ERR_INPUT', 'the body is not valid JSON', { cause, fix });
  }
}

/** Throws ERR_TOO_LARGE for more items than one request may have. */
export function checkItemCount(count: number): void {
  if (count <= EVENTS_PER_REQUEST_MAX) return;
  throw new AppError('ERR_TOO_LARGE', `the batch has ${count} events`, {
    fix: `send at most ${EVENTS_PER_REQUEST_MAX} events per request`,
  });
}
