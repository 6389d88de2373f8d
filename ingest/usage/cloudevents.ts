// CloudEvents 1.0 in structured mode, single or batch, as OpenMeter's clients send them: the data is
// a native event, a provider's raw usage, or OpenMeter's one kind of tokens. Pure.
import type { ParsedItem } from './event.ts';
import { definedFields, type EventFields, joinFields, usageFieldsOf } from './event-fields.ts';
import { NativeEvent } from './native.ts';
import { type ProviderReading, readProviderCall } from './providers/call.ts';
import { guessProvider, nameProvider } from './providers/names.ts';
import { parseItems, type ReadItem, refuseFigures } from './received-item.ts';
import { parseJsonBody } from './request-body.ts';
import { numberOf, objectOf, type Told, textOf } from './values/told-values.ts';

const FIX = 'send one CloudEvent or a JSON array of them in structured mode';
/** OpenMeter's kinds of tokens. */
const TOKEN_FIELDS = new Map<string, keyof EventFields>([
  ['input', 'input_tokens'],
  ['output', 'output_tokens'],
]);

/** Reads a body; an event without a time happened when it was received. Throws ERR_INPUT. */
export function parseCloudEvents(body: string, now: Date): ParsedItem[] {
  const value = parseJsonBody(body, FIX);
  const received = Array.isArray(value) ? value : [value];
  return parseItems(received, (item) => candidateOf(item, now));
}

function candidateOf(event: Told, now: Date): ReturnType<ReadItem> {
  const { fields, flags, reasons } = fieldsOfData(objectOf(event.data) ?? {});
  const refusal = refuseFigures(idOf(event), { fields, flags, reasons });
  if (refusal !== undefined) return refusal;
  return {
    source: 'cloudevents',
    fields: {
      occurred_at: now.toISOString(),
      user_id: event.subject ?? undefined,
      ...fields,
      ...(event.time == null ? {} : { occurred_at: event.time }),
      id: idOf(event),
    },
    flags,
    received: event,
  };
}

/** An event is known by its source and id together; a source is a URI and holds no space. */
function idOf({ source, id }: Told): unknown {
  if (typeof source !== 'string' || typeof id !== 'string') return undefined;
  if (source === '' || id === '' || /\s/.test(source)) return undefined;
  return `${source} ${id}`;
}

function fieldsOfData(data: Told): ProviderReading {
  if (data.tokens !== undefined) return { fields: fieldsOfTokens(data), flags: [], reasons: [] };
  const isNative = Object.keys(data).every((name) => Object.hasOwn(NativeEvent.shape, name));
  if (isNative && data.raw_usage === undefined) return { fields: data, flags: [], reasons: [] };
  const { provider, model, usage, raw_usage: raw, response, ...rest } = data;
  const known = Object.entries(rest).filter(([name]) => Object.hasOwn(NativeEvent.shape, name));
  const read = readProviderCall({
    ...identityOf(provider, model),
    usage: objectOf(usage) ?? objectOf(raw) ?? (response === undefined ? data : undefined),
    response,
  });
  const told = response === undefined ? usageFieldsOf(read.fields) : definedFields(read.fields);
  const said = {
    ...identityFields(provider, model, read.fields),
    ...definedFields(Object.fromEntries(known)),
  };
  return { ...read, fields: joinFields(told, said) };
}

/** `{ provider, model, type, tokens }`: one event for the input and one for the output. */
function fieldsOfTokens({ provider, model, type, tokens }: Told): EventFields {
  const identity = identityFields(provider, model, {});
  const field = TOKEN_FIELDS.get(textOf(type) ?? '');
  // A field that no event has is refused by its name.
  if (field === undefined) return { ...identity, 'data.type': type ?? null } as EventFields;
  return { ...identity, [field]: numberOf(tokens) };
}

function identityOf(
  provider: unknown,
  model: unknown,
): { provider?: string; requestModel?: unknown } {
  const name = textOf(provider);
  return { ...(name === undefined ? {} : { provider: nameProvider(name) }), requestModel: model };
}

function identityFields(provider: unknown, model: unknown, read: EventFields): EventFields {
  const asked = model ?? read.model;
  const told = textOf(provider);
  const named =
    told === undefined ? (read.provider ?? guessProvider(textOf(asked) ?? '')) : nameProvider(told);
  return { provider: named, model: asked };
}
