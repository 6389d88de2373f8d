// Rules of what the SDK says of events that are not recorded, without a server.
import { expect, test, vi } from 'vitest';
import type { UsageLogger } from './types.d.ts';
import { createUsageLogger } from './usage-logger.js';

const USAGE = { prompt_tokens: 150, completion_tokens: 80, total_tokens: 230 };

function log(logger: UsageLogger, clientId = 'acme'): string {
  return logger.logOpenAIUsage(clientId, 'conv-1', '+12025550123', 'gpt-4o', USAGE);
}

test('wrong options and a report that throws stay without effect on the caller', async () => {
  const onDrop = () => {
    throw new Error('the report is broken');
  };
  const logger = createUsageLogger({ onDrop } as never);
  expect(log(logger)).toMatch(/^[0-9a-f-]{36}$/);
  await logger.flush();
  expect(logger.stats()).toMatchObject({ dropped: 1, droppedBy: { refused: 1 } });
  expect(createUsageLogger(undefined as never).stats()).toMatchObject({ queued: 0 });
});

test('without a report of its own the console is told of each kind of drop once', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const url = 'http://127.0.0.1:1';
  const logger = createUsageLogger({ url, token: 't', clientId: 'acme', queueMax: 1 });
  log(logger);
  for (let round = 0; round < 2; round += 1) {
    log(logger, 'initech');
    log(logger);
  }
  await logger.close({ timeoutMs: 0 });
  const texts = warn.mock.calls.map(([text]) => String(text));
  expect(texts.map((text) => /\((\w+):/.exec(text)?.[1])).toEqual([
    'no_token',
    'queue_full',
    'closed',
  ]);
  expect(texts.join(' ')).not.toContain('2025550123');
  expect(logger.stats().droppedBy).toEqual({ no_token: 2, queue_full: 2, closed: 1 });
  warn.mockRestore();
});
