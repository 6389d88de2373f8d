// The exposition format, held to its grammar by a reader of our own, and the closed lists of labels.
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { serveMetrics } from './metrics-server.ts';
import { measureProcess } from './process-metrics.ts';
import { readSamples } from './test-metrics.ts';

test('what is told keeps to the grammar, whatever is in a help text or a label', async () => {
  const metrics = createMetrics();
  const path = ['/a"b\\c\nd', '/plain'];
  metrics.counter('hits_total', 'A \\ and\na second line.', { path }).add({ path: '/a"b\\c\nd' });
  metrics.gauge('level', 'Some level.').set(-1.5e-9);
  const samples = readSamples(await metrics.text());
  expect(samples.get('hits_total{path="/a\\"b\\\\c\\nd"}')).toBe(1);
  expect(samples.get('hits_total{path="/plain"}')).toBe(0);
  expect(samples.get('level')).toBe(-1.5e-9);
});

test('no value of a label adds a series', async () => {
  const metrics = createMetrics();
  const hits = metrics.counter('hits_total', 'Hits.', { path: ['/a', '/b'] });
  for (let index = 0; index < 1_000; index += 1) hits.add({ path: `/strange/${index}` });
  hits.add({});
  const samples = readSamples(await metrics.text());
  expect([...samples]).toEqual([
    ['hits_total{path="/a"}', 0],
    ['hits_total{path="/b"}', 0],
    ['hits_total{path="other"}', 1_001],
  ]);
});

test('a counter never goes down', async () => {
  const metrics = createMetrics();
  const hits = metrics.counter('hits_total', 'Hits.');
  hits.add({}, 3);
  hits.add({}, -1);
  expect(readSamples(await metrics.text()).get('hits_total')).toBe(3);
});

test('buckets of a histogram add up to its count, and its sum to what was observed', async () => {
  const metrics = createMetrics();
  const seconds = metrics.histogram('took_seconds', 'Time.', [0.1, 1], { path: ['/a'] });
  for (const value of [0.1, 0.125, 1, 7]) seconds.observe(value, { path: '/a' });
  const samples = readSamples(await metrics.text());
  expect([...samples]).toEqual([
    ['took_seconds_bucket{path="/a",le="0.1"}', 1],
    ['took_seconds_bucket{path="/a",le="1"}', 3],
    ['took_seconds_bucket{path="/a",le="+Inf"}', 4],
    ['took_seconds_sum{path="/a"}', 8.225],
    ['took_seconds_count{path="/a"}', 4],
  ]);
});

test('a reading that fails hides its own figures alone', async () => {
  const metrics = createMetrics();
  const lost = metrics.gauge('lost', 'Not to be had.');
  const there = metrics.gauge('there', 'Is to be had.');
  metrics.beforeScrape(() => Promise.reject(new Error('away')));
  metrics.beforeScrape(() => there.set(1));
  lost.set(undefined);
  expect([...readSamples(await metrics.text())]).toEqual([['there', 1]]);
});

test('scrapes at the same time share one reading', async () => {
  const metrics = createMetrics();
  let reads = 0;
  metrics.beforeScrape(async () => {
    reads += 1;
    await Promise.resolve();
  });
  await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
  expect(reads).toBe(1);
  await metrics.text();
  expect(reads).toBe(2);
});

test('a name is given once', () => {
  const metrics = createMetrics();
  metrics.counter('hits_total', 'Hits.');
  expect(() => metrics.gauge('hits_total', 'Again.')).toThrow('hits_total');
});

test('the server tells metrics and health, and nothing else', async () => {
  const metrics = createMetrics();
  const stop = measureProcess(metrics);
  let isHealthy = true;
  const server = await serveMetrics({
    ...{ host: '127.0.0.1', port: 0, variable: 'METRICS_PORT', metrics },
    isHealthy: () => isHealthy,
  });
  try {
    const scraped = await fetch(`${server.url}/metrics`);
    expect(scraped.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const samples = readSamples(await scraped.text());
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(samples.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(samples.get('nodejs_eventloop_lag_max_seconds')).toBeGreaterThanOrEqual(0);
    const status = async (path: string, method = 'GET') =>
      (await fetch(`${server.url}${path}`, { method })).status;
    expect(await status('/healthz')).toBe(200);
    isHealthy = false;
    expect(await status('/healthz')).toBe(503);
    expect(await status('/')).toBe(404);
    expect(await status('/metrics', 'POST')).toBe(405);
    const port = Number(new URL(server.url).port);
    const again = { host: '127.0.0.1', port, variable: 'METRICS_PORT', metrics };
    await expect(serveMetrics({ ...again, isHealthy: () => true })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      fix: expect.stringContaining('METRICS_PORT'),
    });
  } finally {
    stop();
    await server.close();
  }
});
