// One span → the fields of the usage event that it tells of, or nothing where it is no model call.
// Pure.
import { addAttached } from '../attached.ts';
import type { Operation } from '../event.ts';
import { definedFields, type EventFields } from '../event-fields.ts';
import type { Candidate } from '../native.ts';
import { guessProvider, nameProvider, PROVIDER_GUESSED } from '../providers/names.ts';
import { type SettledCounts, settleCounts } from '../told-counts.ts';
import { canonicalJson } from '../values/exact-json.ts';
import { ID_LENGTH_MAX } from '../values/fields.ts';
import { millisecondsBetween, timeOfNanos } from '../values/instants.ts';
import { listOf, numberOf, objectOf, sumOf, textOf } from '../values/told-values.ts';
import { readCostDetails, readUsageDetails } from './langfuse.ts';
import { idOfSpan, type Span } from './span.ts';
import { kindOfSpan } from './span-kind.ts';
import { readVercelUsage } from './vercel.ts';
import { type Facts, readFacts } from './vocabulary.ts';

const ENDS_BEFORE_START = 'ends_before_it_starts';
const COST_NOT_PROVIDERS = 'cost_not_from_provider';

/** The event that a span tells of; undefined for a span that is no model call. */
export function candidateOfSpan(read: Span, source: Candidate['source']): Candidate | undefined {
  const { facts, attached } = readFacts(read.attributes);
  const kind = kindOfSpan(facts);
  if (!kind.isCall) return undefined;
  const model = textOf(facts.model) ?? textOf(facts.servedModel);
  const told = textOf(facts.provider);
  const provider = told === undefined ? guessProvider(model ?? '') : nameProvider(told);
  const counts = countsOf(facts, kind.operation, provider, model ?? '');
  const cost = costOf(facts);
  const flags = [...counts.flags, ...cost.flags];
  if (told === undefined) flags.push(PROVIDER_GUESSED);
  const times = timesOf(read, facts);
  const fields: EventFields = {
    id: idOfSpan(read),
    provider,
    model,
    served_model: textOf(facts.servedModel),
    operation: kind.operation,
    user_id: textOf(facts.userId),
    conversation_id: textOf(facts.conversationId),
    request_id: textOf(facts.requestId),
    service_tier: textOf(facts.serviceTier),
    streamed: streamedOf(facts),
    tags: facts.tags === undefined ? undefined : (listOf(facts.tags) ?? facts.tags),
    ...statusOf(read, facts),
    ...times.fields,
    ...counts.fields,
    ...cost.fields,
  };
  const all = new Map([...Object.entries(objectOf(facts.metadata) ?? {}), ...attached]);
  if (cost.local !== undefined) all.set('local_cost', cost.local);
  addAttached(fields, all);
  return {
    source,
    // The event's check takes twice as long where it finds fields that are undefined (measured).
    fields: definedFields(fields),
    flags: [...flags, ...times.flags],
    received: receivedForm(read),
  };
}

/** The hash of a span is made of all that was read, equal for its JSON and its protobuf. */
function receivedForm({ attributes, startNanos, endNanos, ...read }: Span): string {
  const told = [...attributes]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => [name, typeof value === 'object' ? canonicalJson(value) : value]);
  return JSON.stringify([read, String(startNanos), String(endNanos), told]);
}

function timesOf(read: Span, facts: Facts): SettledCounts {
  const { startNanos, endNanos } = read;
  const fields: EventFields = {
    occurred_at: timeOfNanos(startNanos === 0n ? endNanos : startNanos),
  };
  if (startNanos === 0n || endNanos === 0n) return { fields, flags: [] };
  if (endNanos < startNanos) return { fields, flags: [ENDS_BEFORE_START] };
  fields.latency_ms = millisecondsBetween(startNanos, endNanos);
  fields.ttft_ms = ttftOf(facts, startNanos);
  return { fields, flags: [] };
}

function ttftOf({ ttftMs, ttftSeconds, firstTokenAt }: Facts, startNanos: bigint): unknown {
  if (typeof ttftMs === 'number') return ttftMs;
  if (typeof ttftSeconds === 'number') return ttftSeconds * 1_000;
  if (typeof firstTokenAt !== 'string') return undefined;
  // Langfuse sends the time as JSON, with its quotes.
  const instant = Date.parse(firstTokenAt.replaceAll('"', ''));
  const elapsed = instant - Number(startNanos / 1_000_000n);
  return elapsed >= 0 ? elapsed : undefined;
}

function statusOf(read: Span, { errorType, level }: Facts): EventFields {
  const isError = read.statusCode === 2 || errorType !== undefined || level === 'ERROR';
  if (!isError) return { status: 'success' };
  const type = textOf(errorType) ?? read.exceptionType ?? undefined;
  return { status: 'error', error_type: type?.slice(0, ID_LENGTH_MAX) };
}

function streamedOf({ streamed, vercelOperation }: Facts): boolean | undefined {
  if (typeof streamed === 'boolean') return streamed;
  if (typeof vercelOperation !== 'string') return undefined;
  return vercelOperation.endsWith('.doStream');
}

function countsOf(
  facts: Facts,
  operation: Operation | null,
  provider: string,
  model: string,
): SettledCounts {
  const details = readUsageDetails(facts.usageDetails, provider, model);
  if (details !== undefined) return details;
  // An embedding or a ranking has no output: its total is its input.
  const isInputOnly = operation === 'embedding' || operation === 'rerank';
  const input = facts.input ?? (isInputOnly ? facts.total : undefined);
  const told = settleCounts({ ...facts, input }, provider, model);
  told.fields.input_audio_tokens = facts.inputAudio;
  told.fields.output_audio_tokens = facts.outputAudio;
  if (facts.inputImage !== undefined || facts.inputVideo !== undefined) {
    told.fields.other_units = {
      ...(told.fields.other_units as object | undefined),
      input_image_tokens: facts.inputImage,
      input_video_tokens: facts.inputVideo,
    };
  }
  const own = readVercelUsage(facts.providerMetadata, provider, model);
  if (own === undefined) return told;
  return { fields: { ...told.fields, ...own.fields }, flags: own.flags };
}

/** The cost that a span tells; one that was computed beside the provider is no reported cost. */
function costOf(facts: Facts): SettledCounts & { local: unknown } {
  const told = numberOf(facts.cost ?? readCostDetails(facts.costDetails));
  const cost =
    told ?? sumOf([facts.inputCost, facts.outputCost].filter((part) => part !== undefined));
  if (cost === undefined) return { fields: {}, flags: [], local: undefined };
  if (facts.costSource === 'local') {
    return { fields: {}, flags: [COST_NOT_PROVIDERS], local: cost };
  }
  const currency = textOf(facts.costCurrency)?.toUpperCase() ?? 'USD';
  return { fields: { cost, currency }, flags: [], local: undefined };
}
