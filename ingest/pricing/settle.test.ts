// Rules of settling on one of two costs.
import { expect, test } from 'vitest';
import type { UsageEvent } from '../usage/event.ts';
import { settleCost } from './settle.ts';
import { makeEvent } from './test-support.ts';

const PRICED = { cost: '0.5', currency: 'USD', isFree: false };
const ZERO = { cost: '0', currency: 'USD', isFree: false };
const FREE = { cost: '0', currency: 'USD', isFree: true };
const NONE = { cost: null, currency: null, isFree: false, problem: 'no price' };
const used = { inputTokens: 10, outputTokens: 1 };

type Case = [
  rule: string,
  event: Partial<UsageEvent>,
  computed: Parameters<typeof settleCost>[1],
  expected: [cost: string | null, status: string, currency: string | null],
];

const CASES: Case[] = [
  [
    'a reported cost counts before a computed one, in its own currency',
    { ...used, reportedCost: '0.7', currency: 'EUR' },
    PRICED,
    ['0.7', 'reported', 'EUR'],
  ],
  [
    'a reported cost without a currency is in the client’s own',
    { ...used, reportedCost: '0.7' },
    PRICED,
    ['0.7', 'reported', null],
  ],
  [
    'a reported cost counts for a free model too, and without any usage',
    { reportedCost: '0.000000000000000001' },
    FREE,
    ['0.000000000000000001', 'reported', null],
  ],
  [
    'a reported cost of estimated usage is reported',
    { ...used, reportedCost: '1', estimated: true },
    PRICED,
    ['1', 'reported', null],
  ],
  [
    'a reported 0 with tokens of a priced model is unknown: the computed cost counts',
    { ...used, reportedCost: '0', currency: 'EUR' },
    PRICED,
    ['0.5', 'computed', 'USD'],
  ],
  [
    'a reported 0 with tokens of a model without a price is unknown',
    { ...used, reportedCost: '0' },
    NONE,
    [null, 'unpriced', null],
  ],
  [
    'a reported 0 for a free model is free',
    { ...used, reportedCost: '0' },
    FREE,
    ['0', 'free', 'USD'],
  ],
  [
    'a reported 0 without any usage is 0',
    { reportedCost: '0', currency: 'EUR' },
    NONE,
    ['0', 'reported', 'EUR'],
  ],
  [
    'a reported 0 with a told usage of 0 is 0',
    { reportedCost: '0', inputTokens: 0, outputTokens: 0 },
    ZERO,
    ['0', 'reported', null],
  ],
  [
    'a reported 0 with a usage object that could not be read is unknown',
    { reportedCost: '0', rawUsage: '{"units":5}' },
    NONE,
    [null, 'unpriced', null],
  ],
  ['without a report the computed cost counts', used, PRICED, ['0.5', 'computed', 'USD']],
  ['a told usage of 0 costs 0', { inputTokens: 0 }, ZERO, ['0', 'computed', 'USD']],
  [
    'a cost computed from estimated usage is estimated',
    { ...used, estimated: true },
    PRICED,
    ['0.5', 'estimated', 'USD'],
  ],
  [
    'a free model stays free for estimated usage',
    { ...used, estimated: true },
    FREE,
    ['0', 'free', 'USD'],
  ],
  [
    'a call that the provider refused costs nothing',
    { status: 'error', errorType: 'rate_limit_exceeded', rawUsage: '{}' },
    NONE,
    ['0', 'free', null],
  ],
  [
    'a refused call of a model without a price costs nothing where its counts are told as 0',
    { status: 'error', errorType: 'http_404', inputTokens: 0, outputTokens: 0 },
    NONE,
    ['0', 'free', null],
  ],
  [
    'a refused call that used something all the same is unknown',
    { ...used, status: 'error', errorType: 'rate_limit_exceeded' },
    NONE,
    [null, 'unpriced', null],
  ],
  [
    'a refused call with a usage object that could not be read is unknown',
    { status: 'error', errorType: 'rate_limit_exceeded', rawUsage: '{"units":5}' },
    NONE,
    [null, 'unpriced', null],
  ],
  [
    'a refusal after the first token is unknown',
    { status: 'error', errorType: 'rate_limit_exceeded', ttftMs: '12' },
    NONE,
    [null, 'unpriced', null],
  ],
  [
    'a call that is not said to have failed is no refusal',
    { status: null, errorType: 'rate_limit_exceeded' },
    NONE,
    [null, 'unpriced', null],
  ],
  ['without report and price the cost is unknown', used, NONE, [null, 'unpriced', null]],
];

test.each(CASES)('%s', (_rule, event, computed, [cost, costStatus, currency]) => {
  expect(settleCost(makeEvent(event), computed)).toMatchObject({ cost, costStatus, currency });
});

const failed = (errorType: string | null) => makeEvent({ status: 'error', errorType });

test.each([
  'rate_limit_exceeded',
  'RateLimitError',
  'openai.AuthenticationError',
  'http_429',
  '401',
  'RESOURCE_EXHAUSTED',
  'insufficient_quota',
  'invalid_api_key',
  'model_not_found',
  'NOT_FOUND',
  'PermissionDeniedError',
  'ThrottlingException',
])('the provider did no work for a call that it refused: %s', (errorType) => {
  expect(settleCost(failed(errorType), NONE)).toMatchObject({ cost: '0', costStatus: 'free' });
});

test.each([
  null,
  'unknown',
  'timeout',
  'connection',
  'http_408',
  'http_400',
  'http_500',
  'server_error',
  'content_filter',
  'context_length_exceeded',
  'invalid_request_error',
])('what a failed call costs stays unknown where work may have been done: %s', (errorType) => {
  expect(settleCost(failed(errorType), NONE)).toMatchObject({ cost: null, costStatus: 'unpriced' });
});
