// Inbound messages as Twilio sends them, and every trick with fields that a signature lets pass.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FormField, parseForm } from './form.ts';
import { readInbound } from './inbound-fields.ts';
import { joinParameters } from './signature.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
const SID = `SM${'1'.repeat(32)}`;
const own = { accountSid: ACCOUNT, numbers: new Set(['+14155550101']) };
const plain: Record<string, string> = {
  ToCountry: 'US',
  ToState: 'District Of Columbia',
  SmsMessageSid: SID,
  NumMedia: '0',
  ToCity: '',
  FromZip: '01022',
  SmsSid: SID,
  FromState: 'MA',
  SmsStatus: 'received',
  FromCity: 'CHICOPEE',
  Body: 'What is new?',
  FromCountry: 'US',
  To: '+14155550101',
  ToZip: '',
  NumSegments: '1',
  MessageSid: SID,
  AccountSid: ACCOUNT,
  From: '+14155550100',
  ApiVersion: '2010-04-01',
};
const read = (fields: Record<string, string>) => readInbound(Object.entries(fields), own);
const readWith = (change: Record<string, string>) => read({ ...plain, ...change });
const readWithout = (field: string) =>
  readInbound(
    Object.entries(plain).filter(([name]) => name !== field),
    own,
  );

describe('a message', () => {
  test('is read as Twilio sends it', () => {
    expect(read(plain)).toEqual({
      message: {
        messageSid: SID,
        accountSid: ACCOUNT,
        from: '+14155550100',
        fromKind: 'phone',
        to: '+14155550101',
        body: 'What is new?',
        media: [],
        segments: 1,
        messagingServiceSid: null,
        fromCountry: 'US',
        optOutType: null,
      },
    });
  });

  test('may come with fields that Twilio has added since', () => {
    const added = { ChannelMetadata: '{"type":"x","data":{"a":[1]}}', 'X.Y_z': '' };
    expect(readWith(added)).toHaveProperty('message.body', 'What is new?');
  });

  test.each([
    ['', ''],
    ['👍', '👍'],
    ['مرحبا\u200f', 'مرحبا\u200f'],
    ['a\u200bb', 'a\u200bb'],
    ['😀'.repeat(1600), '😀'.repeat(1600)],
    ['a\0b', 'a\ufffdb'],
    ['a\ud800', 'a\ufffd'],
    ['From+1999 MessageSidSM', 'From+1999 MessageSidSM'],
  ])('of %j keeps its words', (body, kept) => {
    expect(readWith({ Body: body })).toHaveProperty('message.body', kept);
  });

  test.each([
    ['+35312345678', 'phone'],
    ['87121', 'short-code'],
    ['ACME Bank', 'name'],
  ])('may come from %s, a %s', (from, kind) => {
    expect(readWith({ From: from })).toHaveProperty('message.fromKind', kind);
  });

  test('with pictures names each, and may lack a text', () => {
    const media = {
      NumMedia: '2',
      MediaUrl0: 'https://api.twilio.com/2010-04-01/Accounts/AC/Messages/MM/Media/ME0',
      MediaContentType0: 'image/jpeg',
      MediaUrl1: 'https://api.twilio.com/2010-04-01/Accounts/AC/Messages/MM/Media/ME1',
      MediaContentType1: 'text/x-vcard; charset=utf-8',
    };
    const { Body, ...withoutBody } = plain;
    expect(Body).toBeDefined();
    expect(read({ ...withoutBody, ...media })).toMatchObject({
      message: {
        body: '',
        media: [
          { url: media.MediaUrl0, contentType: 'image/jpeg' },
          { url: media.MediaUrl1, contentType: 'text/x-vcard; charset=utf-8' },
        ],
      },
    });
  });
});

test.each(['MessageSid', 'AccountSid', 'From', 'To', 'Body', 'NumMedia'])(
  'a message without %s is refused',
  (field) => {
    expect(readWithout(field)).toHaveProperty('problem.field', field);
  },
);

test.each([
  ['AccountSid', `AC${'9'.repeat(32)}`],
  ['MessageSid', 'SM1'],
  ['MessageSid', `SM${'G'.repeat(32)}`],
  ['MessageSid', `${SID}\n`],
  ['SmsSid', `SM${'2'.repeat(32)}`],
  ['From', ''],
  ['From', 'whatsapp:+14155550100'],
  ['From', '+0123456789'],
  ['From', '+1415555010012345'],
  ['To', '+14155550102'],
  ['Body', 'x'.repeat(1601)],
  ['NumMedia', '11'],
  ['NumMedia', '-1'],
  ['NumMedia', '1e1'],
  ['SmsStatus', 'delivered'],
  ['MediaUrl0', 'https://api.twilio.com/x'],
  ['NumSegments', 'many'],
  ['FromCountry', 'USA'],
])('a message with %s %j is refused by the name of the field', (field, value) => {
  expect(readWith({ [field]: value })).toHaveProperty('problem.field', field);
});

test.each([
  ['http://api.twilio.com/x', 'image/png', 'MediaUrl0'],
  ['https://api.twilio.com/a b', 'image/png', 'MediaUrl0'],
  ['https://api.twilio.com/x', 'image', 'MediaContentType0'],
])('media of %s and %s are refused', (url, type, field) => {
  const fields = { NumMedia: '1', MediaUrl0: url, MediaContentType0: type };
  expect(readWith(fields)).toHaveProperty('problem.field', field);
});

test.each(['Body', 'From', 'MessageSid', 'FromCity', 'Unheard'])('%s twice is refused', (name) => {
  const fields: FormField[] = [...Object.entries(plain), [name, 'x'], [name, 'x']];
  expect(readInbound(fields, own)).toHaveProperty('problem.field', name);
});

test.each(['Body[]', 'Body[0]', 'Body[a]', '__proto__', '', 'From+1', 'Bo\0dy'])(
  'a field named %j is refused',
  (name) => {
    expect(readInbound([...Object.entries(plain), [name, 'x']], own)).toHaveProperty('problem');
  },
);

describe('a request that was split anew is signed like the real one, and refused', () => {
  const signedAs = (fields: Record<string, string>) =>
    joinParameters(Buffer.from(new URLSearchParams(fields).toString()));
  const evil = `SM${'e'.repeat(32)}`;
  const { From, FromCity, FromCountry, FromState, FromZip, MessageSid, NumMedia, ...rest } = plain;
  const tail = `FromCity${FromCity}FromCountry${FromCountry}FromState${FromState}FromZip${FromZip}`;

  test('with the sender in the body', () => {
    const joined = { ...rest, FromCity, MessageSid, NumMedia, Body: `hiFrom${From}` };
    const real = { ...rest, FromCity, MessageSid, NumMedia, Body: 'hi', From };
    expect(signedAs(joined as Record<string, string>)).toBe(
      signedAs(real as Record<string, string>),
    );
    expect(read(joined as Record<string, string>)).toHaveProperty('problem.field', 'From');
  });

  test('with another sender taken from the body, and the real one in a made-up field', () => {
    const real = { ...plain, Body: 'hiFrom+19995550199FromX' };
    const forged = { ...rest, MessageSid, NumMedia, Body: 'hi', From: '+19995550199' };
    const all = { ...forged, FromX: `From${From}${tail}` } as Record<string, string>;
    expect(signedAs(all)).toBe(signedAs(real));
    expect(read(real)).toHaveProperty('message');
    expect(read(all)).toHaveProperty('problem.field', 'From');
  });

  test('with another sender and sid, so that it would not be taken for a repetition', () => {
    const real = { ...plain, Body: `hiFrom+19995550199MessageSid${evil}NumMedia0NumX` };
    const all = {
      ...rest,
      Body: 'hi',
      From: '+19995550199',
      MessageSid: evil,
      NumMedia: '0',
      NumX: `From${From}${tail}MessageSid${MessageSid}NumMedia0`,
    } as Record<string, string>;
    delete all.NumSegments;
    all.NumX = `${all.NumX}NumSegments1`;
    expect(signedAs(all)).toBe(signedAs(real));
    // The older names of the sid differ already; without them the search finds it.
    expect(read(all)).toHaveProperty('problem');
    const { SmsSid, SmsMessageSid, ...withoutOlder } = all;
    expect([SmsSid, SmsMessageSid]).toEqual([SID, SID]);
    expect(read(withoutOlder)).toHaveProperty('problem.field', 'MessageSid');
  });
});

test('no body of a request makes it throw', () => {
  const name = fc.oneof(fc.constantFrom(...Object.keys(plain), 'MediaUrl0'), fc.string());
  const value = fc.oneof(fc.constantFrom(...Object.values(plain)), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(fc.tuple(name, value)),
        fc.array(fc.tuple(name, value)).map((changes) => {
          const changed = { ...plain, ...Object.fromEntries(changes) };
          return Object.entries(changed);
        }),
        fc.string({ unit: 'binary' }).map(parseForm),
        fc.string().map((text) => parseForm(`Body=%${text}&${text}=%00%ff`)),
      ),
      (fields) => {
        const reading = readInbound(fields, own);
        if ('problem' in reading) expect(reading.problem.reason).not.toBe('');
        else expect(reading.message.body).not.toMatch(/\0/);
      },
    ),
    { numRuns: 500 },
  );
});
