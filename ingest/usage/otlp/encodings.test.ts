// Rules of OTLP's two encodings: a bad span is refused alone, nothing is taken for nothing, and a
// span in protobuf is the same event as in JSON.
import protobuf from 'protobufjs/light.js';
import { describe, expect, test } from 'vitest';
import {
  CHAT,
  END_NANOS,
  eventOf,
  eventsOf,
  outcomes,
  parseOtlpJson,
  requestOf,
  START_NANOS,
  spanOf,
  TRACE_ID,
} from '../wire-test-support.ts';
import { parseOtlpRequest } from './traces.ts';

describe('a bad span is refused alone', () => {
  const good = () => spanOf(CHAT, { spanId: 'aaaaaaaaaaaaaaaa' });
  const nest = '{"kvlistValue":{"values":[{"key":"k","value":';
  const deep = `${nest.repeat(250)}{}${'}]}}'.repeat(250)}`;
  const replaced = (from: string, to: string) => requestOf(spanOf(CHAT)).replace(from, to);
  const deeper = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  test.each<[string, string, RegExp]>([
    ['no ids', requestOf(spanOf(CHAT, { traceId: '', spanId: undefined })), /id is required/],
    ['ids of zeros', requestOf(spanOf(CHAT, { spanId: '0'.repeat(16) })), /id is required/],
    ['NUL', replaced('"gpt-4o-mini"}', '"gpt\\u0000"}'), /model must not hold NUL/],
    ['a lone surrogate', replaced('"gpt-4o-mini"}', '"gpt\\ud800"}'), /model .*broken Unicode/],
    ['1e400', replaced('{"intValue":194}', '{"doubleValue":1e400}'), /input_tokens/],
    ['NaN', replaced('{"intValue":194}', '{"doubleValue":"NaN"}'), /input_tokens/],
    ['a negative count', replaced('{"intValue":194}', '{"intValue":-1}'), /negative/],
    ['__proto__', replaced('"kind":3', '"__proto__":{"a":1}'), /__proto__/],
    ['the attribute __proto__', replaced('gen_ai.operation.name', '__proto__'), /__proto__/],
    ['a field of 1 MB', replaced('"gpt-4o-mini"}', `"${'x'.repeat(1e6)}"}`), /200 characters/],
    ['depth 1,000', replaced('{"intValue":194}', deep), /nest deeper/],
    ['depth 100,000', replaced('"kind":3', `"kind":${deeper}`), /nest deeper/],
    ['no model', requestOf(spanOf({ ...CHAT, 'gen_ai.request.model': '' })), /model is required/],
    ['a text for a span', requestOf('span'), /must be an object/],
  ])('%s', (_name, body, reason) => {
    const request = body.replace('"spans":[', `"spans":[${JSON.stringify(good())},`);
    expect(outcomes(parseOtlpJson(request))).toEqual([
      `${TRACE_ID}-aaaaaaaaaaaaaaaa`,
      expect.stringMatching(reason),
    ]);
  });

  test('log records at the path of traces are told, not swallowed', () => {
    const body = { resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] };
    expect(outcomes(parseOtlpJson(JSON.stringify(body)))).toEqual(
      Array(2).fill(expect.stringMatching(/log record/)),
    );
  });

  test.each(['{', '[NaN]', 'x'])('a body that is no JSON is refused whole: %s', (body) => {
    expect(() => parseOtlpJson(body)).toThrow(expect.objectContaining({ code: 'ERR_INPUT' }));
  });

  test.each(['', '{}', '{"resourceSpans":[]}', '{"resourceSpans":null}', 'null', '[]'])(
    'nothing is taken for nothing: %j',
    (body) => expect(parseOtlpJson(body)).toEqual([]),
  );
});

describe('protobuf', () => {
  const bytesOf = (write: (writer: protobuf.Writer) => protobuf.Writer) =>
    write(protobuf.Writer.create()).finish();
  const keyValue = (key: string, value: Uint8Array) =>
    bytesOf((to) => to.uint32(10).string(key).uint32(18).bytes(value));
  const text = (value: string) => bytesOf((to) => to.uint32(10).string(value));
  const integer = (value: number) => bytesOf((to) => to.uint32(24).int64(value));
  const spanBytes = (spanId: string, attributes: Uint8Array[]) =>
    bytesOf((to) => {
      to.uint32(10)
        .bytes(Buffer.from(TRACE_ID, 'hex'))
        .uint32(18)
        .bytes(Buffer.from(spanId, 'hex'));
      to.uint32(57)
        .fixed64(START_NANOS as never)
        .uint32(65)
        .fixed64(END_NANOS as never);
      for (const attribute of attributes) to.uint32(74).bytes(attribute);
      return to;
    });
  const requestBytes = (...spans: Uint8Array[]) => {
    const scope = bytesOf((to) => {
      for (const span of spans) to.uint32(18).bytes(span);
      return to;
    });
    const resource = bytesOf((to) => to.uint32(18).bytes(scope));
    return Buffer.from(bytesOf((to) => to.uint32(10).bytes(resource)));
  };
  const attributes = Object.entries(CHAT).map(([key, value]) =>
    keyValue(key, typeof value === 'number' ? integer(value) : text(value)),
  );
  const parseBytes = (body: Buffer) => parseOtlpRequest(body, 'application/x-protobuf', 'otlp');

  const double = (value: number) => bytesOf((to) => to.uint32(33).double(value));

  test('of a span is the same event as its JSON, hash and all', () => {
    const json = eventOf(CHAT, { name: '' });
    expect(eventsOf(parseBytes(requestBytes(spanBytes('756e7135b6e12c26', attributes))))).toEqual([
      json,
    ]);
  });

  test.each<[string, Uint8Array]>([
    ['{"doubleValue":194.0}', double(194)],
    ['{"doubleValue":"0.5"}', double(0.5)],
    ['{"doubleValue":1e21}', double(1e21)],
    ['{"doubleValue":-0.0}', double(-0)],
    ['{"doubleValue":"NaN"}', double(Number.NaN)],
    ['{"doubleValue":"-Infinity"}', double(Number.NEGATIVE_INFINITY)],
    ['{"intValue":"9007199254740992"}', integer(2 ** 53)],
  ])('of the value %s has the hash of its JSON', (value, bytes) => {
    const request = requestOf(spanOf({ ...CHAT, odd: 'x' }, { name: '' }));
    const [json] = eventsOf(parseOtlpJson(request.replace('{"stringValue":"x"}', value)));
    const span = spanBytes('756e7135b6e12c26', [...attributes, keyValue('odd', bytes)]);
    const [binary] = eventsOf(parseBytes(requestBytes(span)));
    expect(binary?.bodyHash).toEqual(json?.bodyHash);
  });

  test('of an exception that a span got over has the hash of its JSON', () => {
    const type = { key: 'exception.type', value: { stringValue: 'Timeout' } };
    const json = eventOf(CHAT, { name: '', events: [{ attributes: [type] }] });
    const event = bytesOf((to) => to.uint32(26).bytes(keyValue('exception.type', text('Timeout'))));
    const span = spanBytes('756e7135b6e12c26', attributes);
    const whole = Buffer.concat([span, bytesOf((to) => to.uint32(90).bytes(event))]);
    expect(eventsOf(parseBytes(requestBytes(whole)))).toEqual([json]);
  });

  test('refuses NaN in metadata, which no JSON column can hold', () => {
    const key = 'traceloop.association.properties.odd';
    const span = spanBytes('bbbbbbbbbbbbbbbb', [...attributes, keyValue(key, double(Number.NaN))]);
    expect(outcomes(parseBytes(requestBytes(span)))).toEqual([
      'metadata must not hold NaN or Infinity',
    ]);
  });

  test('refuses one broken span alone', () => {
    let deep = text('x');
    for (let depth = 0; depth < 1_000; depth += 1) {
      const values = deep;
      const list = bytesOf((to) => to.uint32(10).bytes(values));
      deep = bytesOf((to) => to.uint32(42).bytes(list));
    }
    const log = bytesOf((to) => to.uint32(9).fixed64(1).uint32(16).int32(9));
    const broken = Buffer.from([0x0a, 0x7f, 1, 2]);
    const latin1 = keyValue('gen_ai.request.model', Buffer.from([0x0a, 1, 0xff]));
    const request = requestBytes(
      spanBytes('aaaaaaaaaaaaaaaa', attributes),
      spanBytes('bbbbbbbbbbbbbbbb', [...attributes, keyValue('deep', deep)]),
      broken,
      spanBytes('cccccccccccccccc', [...attributes, latin1]),
      spanBytes('', attributes),
      spanBytes('dddddddddddddddd', attributes),
    );
    expect(outcomes(parseBytes(request))).toEqual([
      `${TRACE_ID}-aaaaaaaaaaaaaaaa`,
      expect.stringMatching(/nest deeper/),
      expect.stringMatching(/no span/),
      expect.stringMatching(/no span/),
      expect.stringMatching(/id is required/),
      `${TRACE_ID}-dddddddddddddddd`,
    ]);
    expect(outcomes(parseBytes(requestBytes(log)))).toEqual([
      expect.stringMatching(/id is required/),
    ]);
  });

  test('that is none is refused whole, and nothing is taken for nothing', () => {
    expect(() => parseBytes(Buffer.from('{}'))).toThrow(
      expect.objectContaining({ code: 'ERR_INPUT' }),
    );
    expect(parseBytes(Buffer.alloc(0))).toEqual([]);
  });
});
