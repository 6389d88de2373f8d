// Delivery callbacks as Twilio sends them, with our outbox id in their address, and bad ones.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OUTBOX_PARAMETER, readStatus } from './status-fields.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
const SID = `SM${'1'.repeat(32)}`;
const plain: Record<string, string> = {
  MessageSid: SID,
  SmsSid: SID,
  MessageStatus: 'delivered',
  SmsStatus: 'delivered',
  AccountSid: ACCOUNT,
  From: '+14155550101',
  To: '+14155550100',
  ApiVersion: '2010-04-01',
  RawDlrDoneDate: '2511131245',
};
const read = (fields: Record<string, string>, query: [string, string][] = []) =>
  readStatus(Object.entries(fields), query, ACCOUNT);

test('a callback is read with our id from its address', () => {
  expect(read(plain, [[OUTBOX_PARAMETER, '7f-1']])).toEqual({
    report: {
      messageSid: SID,
      status: 'delivered',
      errorCode: null,
      outboxId: '7f-1',
      clientId: null,
    },
  });
});

test('a callback of a message that others sent has no id of ours', () => {
  expect(read(plain)).toHaveProperty('report.outboxId', null);
});

test('the older names stand in for the new ones', () => {
  const { MessageSid, MessageStatus, ...older } = plain;
  expect([MessageSid, MessageStatus]).toEqual([SID, 'delivered']);
  expect(read({ ...older, SmsStatus: 'sent' })).toHaveProperty('report.status', 'sent');
});

test.each([
  ['30003', '30003'],
  ['', null],
  ['0', null],
])('an error code %j is read as %j', (told, code) => {
  expect(read({ ...plain, ErrorCode: told })).toHaveProperty('report.errorCode', code);
});

test('a status that Twilio has added since is kept as it is', () => {
  const fields = { ...plain, MessageStatus: 'Teleported_twice' };
  expect(read(fields)).toHaveProperty('report.status', 'teleported_twice');
});

test.each([
  ['AccountSid', `AC${'9'.repeat(32)}`],
  ['MessageSid', 'MessageSid'],
  ['MessageStatus', ''],
  ['MessageStatus', 'deliv\0ered'],
  ['ErrorCode', 'x'],
])('a callback with %s %j is refused by the name of the field', (field, value) => {
  expect(read({ ...plain, [field]: value })).toHaveProperty('problem.field', field);
});

test('repeated fields and foreign ids are refused', () => {
  const twice: [string, string][] = [...Object.entries(plain), ['MessageStatus', 'failed']];
  expect(readStatus(twice, [], ACCOUNT)).toHaveProperty('problem.field', 'MessageStatus');
  const query: [string, string][] = [[OUTBOX_PARAMETER, "1' or 1=1"]];
  expect(read(plain, query)).toHaveProperty('problem.field', OUTBOX_PARAMETER);
  query.push([OUTBOX_PARAMETER, '2']);
  expect(read(plain, query)).toHaveProperty('problem.field', OUTBOX_PARAMETER);
});

test('no callback makes it throw', () => {
  const field = fc.tuple(
    fc.oneof(fc.constantFrom(...Object.keys(plain), OUTBOX_PARAMETER), fc.string()),
    fc.oneof(fc.constantFrom(...Object.values(plain)), fc.string({ unit: 'binary' })),
  );
  fc.assert(
    fc.property(fc.array(field), fc.array(field), (fields, query) => {
      const reading = readStatus([...Object.entries(plain), ...fields], query, ACCOUNT);
      expect('report' in reading || 'problem' in reading).toBe(true);
    }),
  );
});
