// Rules of what an error may say: what failed stays readable, people, words and keys go.
import { expect, test } from 'vitest';
import { redact } from './redact.ts';

test.each([
  ['the number +12025550123 is bad', 'the number (number) is bad'],
  ['call +1 (202) 555-0123 now', 'call (number) now'],
  ['from 202.555.0123 to 2025550123', 'from (number) to (number)'],
  ['no user ana.m@acme.example', 'no user (address)'],
  ['postgres://daybook_app:pass@db:5432/x', 'postgres://(login)@db:5432/x'],
  ['Authorization: Bearer dbk_abcdef123456', 'Authorization: Bearer (key)'],
  ['Incorrect API key provided: sk-proj-abc_DEF123', 'Incorrect API key provided: (key)'],
  [`account AC${'1'.repeat(32)}, token ${'ab12'.repeat(8)}`, 'account (key), token (key)'],
  ['Unexpected token H, "Hello my d"... is not JSON', 'Unexpected token H, "…"... is not JSON'],
])('takes people, words and keys out of %j', (message, left) => {
  expect(redact(message)).toBe(left);
});

test.each([
  'Postgres does not answer: connect ECONNREFUSED 192.168.100.200:5432',
  'relation "sms_outbox" does not exist',
  'the model "gpt-4o-mini" is overloaded (HTTP 503)',
  'Twilio refuses: 20003, for message SM11111111111111111111111111111111',
  'at file:///srv/daybook/ingest/agent/agent.ts:104:17',
  'no run since 2026-11-20',
])('leaves %j as it is', (message) => {
  expect(redact(message)).toBe(message);
});
