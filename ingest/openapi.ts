// The OpenAPI document of the ingest server: made of the routes and of the schema that checks
// events, so that it cannot say anything else than they do.
import { z } from 'zod';
import { NativeEvent } from './usage/native.ts';
import { EVENTS_PER_REQUEST_MAX } from './usage/request-body.ts';
import { USAGE_ROUTES, type UsageRoute } from './usage/routes.ts';
import * as field from './usage/values/fields.ts';

const DECIMAL = '^[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d{1,3})?$';

/** What the readers of single fields take, which zod cannot see into. */
const FIELD_SCHEMAS = new Map<unknown, object>([
  [field.time, { type: 'string', format: 'date-time' }],
  [field.count, { type: ['integer', 'null'], minimum: 0, maximum: field.COUNT_MAX }],
  [
    field.cost,
    {
      description: 'Exact decimal, best sent as text; at most 18 decimals are kept.',
      anyOf: [
        { type: 'string', pattern: DECIMAL, maxLength: 64 },
        { type: 'number', minimum: 0 },
        { type: 'null' },
      ],
    },
  ],
  [field.milliseconds, { type: ['number', 'null'], minimum: 0 }],
  [field.seconds, { type: ['number', 'null'], minimum: 0 }],
  [
    field.jsonObject,
    { type: ['object', 'null'], description: `At most ${field.JSON_BYTES_MAX} bytes of JSON.` },
  ],
  [
    field.units,
    {
      type: ['object', 'null'],
      propertyNames: { pattern: field.UNIT_NAME.source },
      additionalProperties: { type: 'integer', minimum: 0 },
    },
  ],
]);

/** The paths outside of usage: what they answer where all is well. */
const PLAIN_PATHS: Record<string, string> = {
  '/healthz': 'the process lives',
  '/readyz': 'the books can be reached and are migrated',
  '/api/public/health': 'the same, as Langfuse says it',
  '/openapi.json': 'this document',
};

let document: object | undefined;

/** The document, made at the first call. */
export function describeApi(): object {
  document ??= {
    openapi: '3.1.0',
    info: { title: 'Daybook', version: '1', description: 'Records LLM calls and what they cost.' },
    paths: Object.fromEntries([...plainPaths(), ...USAGE_ROUTES.map(usagePath)]),
    components: {
      schemas: { UsageEvent: eventSchema(), ItemResult: ITEM_RESULT, Error: ERROR },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'The password is the token.' },
      },
    },
  };
  return document;
}

const ITEM_RESULT = {
  type: 'object',
  required: ['id', 'result'],
  properties: {
    index: { type: 'integer', description: 'The place in the batch.' },
    id: { type: ['string', 'null'] },
    result: { enum: ['accepted', 'duplicate', 'conflict', 'rejected'] },
    field: { type: 'string', description: 'Of a rejected item: what is wrong.' },
    reason: { type: 'string' },
  },
};
const ERROR = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        fix: { type: 'string' },
      },
    },
  },
};

function eventSchema(): object {
  const schema = z.toJSONSchema(NativeEvent, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      Object.assign(jsonSchema, FIELD_SCHEMAS.get(zodSchema));
    },
  });
  return schema;
}

function plainPaths(): [string, object][] {
  return Object.entries(PLAIN_PATHS).map(([path, description]) => [
    path,
    { get: { responses: { 200: { description } } } },
  ]);
}

function usagePath({ path, ...route }: UsageRoute): [string, object] {
  const schema = path === '/v1/usage' ? NATIVE_BODY : { description: route.summary };
  const content = Object.fromEntries(route.contentTypes.map((type) => [type, { schema }]));
  const operation = {
    summary: route.summary,
    security: route.takesBasic ? [{ bearer: [] }, { basic: [] }] : [{ bearer: [] }],
    requestBody: { content },
    responses: responsesOf(route.successes, path === '/v1/usage'),
  };
  return [path, { post: operation }];
}

const NATIVE_BODY = {
  anyOf: [
    { $ref: '#/components/schemas/UsageEvent' },
    {
      type: 'array',
      maxItems: EVENTS_PER_REQUEST_MAX,
      items: { $ref: '#/components/schemas/UsageEvent' },
    },
  ],
};

function responsesOf(successes: number[], isNative: boolean): object {
  const failures: [number, string][] = [
    [400, 'cannot be read; a batch is refused item by item'],
    [401, 'no valid token'],
    [403, 'the token may not write usage'],
    [405, 'not POST'],
    [408, 'the body came too slowly'],
    [413, `over 5 MB decompressed, or over ${EVENTS_PER_REQUEST_MAX} events`],
    [503, 'the books cannot be reached; send the same request again after Retry-After seconds'],
  ];
  const error = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  return Object.fromEntries([
    ...successes.map((status) => [status, { description: 'every item is answered for' }]),
    ...failures.map(([status, description]) => [
      status,
      isNative ? { description, content: error } : { description },
    ]),
  ]);
}
