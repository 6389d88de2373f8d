// Rules of the OpenAPI document: it names every route of the server and no other, its schema of an
// event is the one that events are checked with.

import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Express } from 'express';
import { expect, test } from 'vitest';
import { silentLog } from '../core/test-support.ts';
import { createApp } from './app.ts';
import { describeApi } from './openapi.ts';
import { NativeEvent } from './usage/native.ts';

const document = describeApi() as {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  components: { schemas: { UsageEvent: { properties: object } } };
};
const app = createApp({
  authenticate: () => Promise.reject(new Error('unused')),
  storeUsage: () => Promise.reject(new Error('unused')),
  checkReady: () => Promise.reject(new Error('unused')),
  log: silentLog(),
});

/** `get /path` of every route that the application serves. */
function routesOf({ router }: Express): string[] {
  const layers = router.stack as unknown as {
    route?: { path: string; stack: { method?: string }[] };
  }[];
  return layers.flatMap(({ route }) => {
    const methods = new Set(route?.stack.map(({ method }) => method));
    return [...methods]
      .filter((method) => method !== undefined)
      .map((method) => `${method} ${route?.path}`);
  });
}

test('names every route of the server and no other', () => {
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(told.sort()).toEqual(routesOf(app).sort());
  expect(told).toContain('post /v1/traces');
});

test('has every field of an event and a schema that takes and refuses as the server does', () => {
  const schema = document.components.schemas.UsageEvent;
  expect(Object.keys(schema.properties)).toEqual(Object.keys(NativeEvent.shape));
  const isValid = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  const event = { id: 'a', occurred_at: '2025-03-18T09:30:00Z', provider: 'p', model: 'm' };
  const more = { input_tokens: 5, cost: '0.1', tags: ['x'], metadata: { a: 1 }, status: 'error' };
  for (const good of [event, { ...event, ...more }]) {
    expect([isValid(good), NativeEvent.safeParse(good).success]).toEqual([true, true]);
  }
  const wrong = {
    id: undefined,
    input_tokens: -1,
    cost: 'x',
    status: 'no',
    metadata: [],
    colour: 1,
  };
  for (const [name, value] of Object.entries(wrong)) {
    const bad = JSON.parse(JSON.stringify({ ...event, [name]: value }));
    expect([name, isValid(bad), NativeEvent.safeParse(bad).success]).toEqual([name, false, false]);
  }
});

test('is served to anybody', async () => {
  const { startIngest } = await import('./server.ts');
  const server = await startIngest(
    {
      authenticate: () => Promise.reject(new Error('unused')),
      storeUsage: () => Promise.reject(new Error('unused')),
      checkReady: () => Promise.reject(new Error('unused')),
      log: silentLog(),
    },
    { host: '127.0.0.1', port: 0 },
  );
  const response = await fetch(`${server.url}/openapi.json`);
  expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)));
  await server.close();
});
