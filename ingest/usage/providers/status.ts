// How a call ended: by its HTTP status, an error in its body, the state it tells of itself, or a
// stream that stops halfway. Pure.
import type { EventStatus } from '../event.ts';
import { asObject, type Told } from '../values/told-values.ts';
import type { Answer } from './answer.ts';
import { countOf, type Reading, storableText, valueIn } from './reading.ts';

/** The client went away: nginx' word for it, which gateways have taken over. */
const CLIENT_CLOSED = 499;
const STATES: Record<string, EventStatus> = {
  failed: 'error',
  expired: 'error',
  cancelled: 'cancelled',
  canceled: 'cancelled',
};

export function readStatus(answer: Answer, reading: Reading): void {
  const { body, httpStatus, isStreamed } = answer;
  const { fields } = reading;
  if (answer.hasLateError) {
    reading.flag('error_after_answer', 'an error followed an answer that was given in full');
  }
  const isFailed = httpStatus !== undefined && httpStatus >= 400;
  if (httpStatus === CLIENT_CLOSED) fields.status = 'cancelled';
  else if (isFailed || tellsError(body)) {
    fields.status = 'error';
    fields.error_type = errorTypeOf(body) ?? httpErrorOf(body, httpStatus);
  } else if (STATES[stateOf(body)] !== undefined) {
    fields.status = STATES[stateOf(body)];
    reading.because(`the provider calls it ${stateOf(body)}`);
  } else if (!answer.isComplete) {
    fields.status = 'cancelled';
    reading.flag('stream_cut_short', 'the stream ended before its last event');
  } else if (httpStatus !== undefined || isStreamed !== undefined) fields.status = 'success';
}

function stateOf(body: Told): string {
  const state = valueIn(body, 'status');
  return typeof state === 'string' && Object.hasOwn(STATES, state) ? state : '';
}

function tellsError(body: Told): boolean {
  const error = valueIn(body, 'error');
  return asObject(error) !== undefined || (typeof error === 'string' && error !== '');
}

function httpErrorOf(body: Told, httpStatus: number | undefined): string {
  const told = countOf(valueIn(asObject(valueIn(body, 'error')), 'code'));
  const status = httpStatus !== undefined && httpStatus >= 400 ? httpStatus : told;
  return status === undefined ? 'unknown' : `http_${status}`;
}

/** The most telling word of an error: a code in letters before a kind before a state. */
function errorTypeOf(body: Told): string | undefined {
  const error = asObject(valueIn(body, 'error'));
  const words = [
    valueIn(error, 'code'),
    valueIn(error, 'type'),
    valueIn(error, 'status'),
    valueIn(body, 'code'),
    valueIn(body, 'error_type'),
    valueIn(body, '__type'),
  ];
  return words.map(storableText).find((word) => word !== undefined && /[a-z]/i.test(word));
}
