// The canonical usage event: what every wire format becomes before it is priced and stored. Knows
// no wire format and no price.

export const EVENT_STATUSES = ['success', 'error', 'cancelled'] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

export const OPERATIONS = [
  'chat',
  'completion',
  'embedding',
  'transcription',
  'speech',
  'image',
  'rerank',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The wire formats an event can come in; kept on the row. */
export const SOURCES = [
  'native',
  'otlp',
  'langfuse',
  'litellm',
  'helicone',
  'cloudevents',
] as const;
export type Source = (typeof SOURCES)[number];

/**
 * What a call used. Totals are inclusive: input holds cache reads, cache writes and audio, output
 * holds reasoning and audio, cache writes hold those of both times to live. null is "not told".
 */
export interface UsageCounts {
  inputTokens: number | null;
  outputTokens: number | null;
  cacheReadTokens: number | null;
  cacheWriteTokens: number | null;
  cacheWrite5mTokens: number | null;
  cacheWrite1hTokens: number | null;
  reasoningTokens: number | null;
  inputAudioTokens: number | null;
  outputAudioTokens: number | null;
  /** Decimal text, at most 6 decimals. */
  audioSeconds: string | null;
  images: number | null;
  searches: number | null;
  requests: number | null;
  /** Rarer units that have prices, by their canonical name: `input_image_tokens`, `pages`. */
  otherUnits: Record<string, number> | null;
}

/** A call that told nothing of what it used. */
export const NOTHING_TOLD: Readonly<UsageCounts> = {
  inputTokens: null,
  outputTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  cacheWrite5mTokens: null,
  cacheWrite1hTokens: null,
  reasoningTokens: null,
  inputAudioTokens: null,
  outputAudioTokens: null,
  audioSeconds: null,
  images: null,
  searches: null,
  requests: null,
  otherUnits: null,
};
export const COUNT_NAMES = Object.keys(NOTHING_TOLD) as (keyof UsageCounts)[];

/** One LLM call. Amounts are canonical decimal text, times RFC 3339, tokens whole numbers. */
export interface UsageEvent extends UsageCounts {
  eventId: string;
  source: Source;
  occurredAt: string;
  provider: string;
  /** The model as it was asked for. */
  model: string;
  servedModel: string | null;
  operation: Operation | null;
  userId: string | null;
  /** E.164 where it could be read as such, else as received. */
  phone: string | null;
  conversationId: string | null;
  chatbotId: string | null;
  requestId: string | null;
  status: EventStatus | null;
  errorType: string | null;
  latencyMs: string | null;
  /** Time to the first token. */
  ttftMs: string | null;
  streamed: boolean | null;
  /** The tier that served the call, in the provider's word. */
  serviceTier: string | null;
  batch: boolean | null;
  tags: string[] | null;
  metadata: string | null;
  /** The provider's own usage object as canonical JSON. */
  rawUsage: string | null;
  /** True where the caller estimated the usage. */
  estimated: boolean;
  /** What does not add up; the figures are kept as they came. */
  flags: string[];
  reportedCost: string | null;
  /** The received text where rounding or notation changed it. */
  reportedCostText: string | null;
  currency: string | null;
  /** sha256 of the received item with keys sorted and decimals normalised. */
  bodyHash: Buffer;
}

/** Why one item of a request was refused: the field (dotted path, or "" for the item) and reason. */
export interface Rejection {
  id: string | null;
  field: string;
  reason: string;
}

/** An item of a request, read: an event, or the reason why it is none. */
export type ParsedItem = { event: UsageEvent } | { rejection: Rejection };

/** The names of the contradictions in an event's counts; see {@link UsageCounts} for what holds. */
export function findContradictions(counts: UsageCounts): string[] {
  const cached = (counts.cacheReadTokens ?? 0) + (counts.cacheWriteTokens ?? 0);
  const byTtl = (counts.cacheWrite5mTokens ?? 0) + (counts.cacheWrite1hTokens ?? 0);
  const rules: [name: string, part: number | null, whole: number | null][] = [
    ['cache_exceeds_input', cached, counts.inputTokens ?? 0],
    ['cache_write_parts_exceed_total', byTtl, counts.cacheWriteTokens ?? byTtl],
    ['input_audio_exceeds_input', counts.inputAudioTokens, counts.inputTokens ?? 0],
    ['reasoning_exceeds_output', counts.reasoningTokens, counts.outputTokens ?? 0],
    ['output_audio_exceeds_output', counts.outputAudioTokens, counts.outputTokens ?? 0],
  ];
  return rules.filter(([, part, whole]) => (part ?? 0) > (whole ?? 0)).map(([name]) => name);
}
