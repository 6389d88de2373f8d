// A rule of all wire formats: whatever a body holds, its parser answers with items or with an
// AppError, and every event that it lets through can be stored.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../core/errors.ts';
import { parseCloudEvents } from './cloudevents.ts';
import type { ParsedItem } from './event.ts';
import { parseHeliconeRequest } from './helicone.ts';
import { parseLitellmRequest } from './litellm.ts';
import { parseOtlpRequest } from './otlp/traces.ts';
import { isStorable } from './values/fields.ts';
import { CHAT, parseOtlpJson, requestOf, spanOf } from './wire-test-support.ts';

const PARSERS: Record<string, (body: string) => ParsedItem[]> = {
  otlp: parseOtlpJson,
  litellm: parseLitellmRequest,
  helicone: (body) => parseHeliconeRequest(body, {}),
  cloudevents: (body) => parseCloudEvents(body, new Date('2026-01-01T00:00:00Z')),
};
/** Names that some format reads, so that odd values end up where they are looked for. */
const NAMES = [
  'id source data time provider model usage tokens type subject response startTime endTime',
  'metadata usage_object hidden_params prompt_tokens completion_tokens request_tags end_user',
  'providerRequest providerResponse timing json textBody status seconds milliseconds url',
  'resourceSpans scopeSpans spans traceId spanId attributes key value events status code',
  'error_information cache_hit stream response_cost __proto__ raw_usage input_tokens',
].flatMap((line) => line.split(' '));
const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    -1,
    0.5,
    Number.MAX_VALUE,
    '',
    '\u0000',
    '\ud800',
    '{}',
    '[',
    '1',
    'x',
    1e21,
  ),
  fc.jsonValue({ maxDepth: 1 }),
);
const { odd } = fc.letrec((tie) => ({
  odd: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.dictionary(fc.constantFrom(...NAMES), tie('odd'), { maxKeys: 6 }),
    fc.array(tie('odd'), { maxLength: 3 }),
  ),
}));

function expectWhole(parse: () => ParsedItem[]): void {
  let items: ParsedItem[] = [];
  try {
    items = parse();
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
  }
  for (const item of items) {
    if ('event' in item) expect(isStorable(JSON.stringify(item.event.model))).toBe(true);
    else expect(item.rejection.reason).not.toBe('');
  }
}

test.each(Object.keys(PARSERS))('%s takes any JSON and any text', (name) => {
  const parse = PARSERS[name] as (body: string) => ParsedItem[];
  fc.assert(
    fc.property(
      fc.oneof(
        odd.map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      (body) => expectWhole(() => parse(body)),
    ),
    { numRuns: 1_500 },
  );
});

test('a span takes any value under the names that are read', () => {
  const names = [
    ...Object.keys(CHAT),
    'langfuse.observation.type',
    'langfuse.observation.usage_details',
    'langfuse.observation.cost_details',
    'ai.response.providerMetadata',
    'gen_ai.usage.total_tokens',
    'gen_ai.usage.cost',
    'metadata',
    'tag.tags',
    'trace.metadata.phone',
  ];
  const value = fc.oneof(
    leaf,
    odd.map((inner) => JSON.stringify(inner)),
    fc.constant('generation'),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (attributes) =>
      expectWhole(() => parseOtlpJson(requestOf(spanOf({ ...CHAT, ...attributes })))),
    ),
    { numRuns: 1_500 },
  );
});

test('protobuf takes any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
      expectWhole(() => parseOtlpRequest(Buffer.from(bytes), 'application/x-protobuf', 'otlp')),
    ),
    { numRuns: 3_000 },
  );
});
