// What the semantic conventions call the facts of a model call: OpenTelemetry GenAI (current and
// old), OpenInference, Vercel AI SDK, Traceloop, OpenLIT, Langfuse and OpenRouter. Names only.
import type { Attributes } from './span.ts';

/** The attribute names of each fact; where a span has several, the first of them counts. */
const NAMES = {
  provider: [
    'gen_ai.provider.name',
    'gen_ai.system',
    'llm.provider',
    'ai.model.provider',
    'llm.system',
    'llm.vendor',
  ],
  model: [
    'gen_ai.request.model',
    'langfuse.observation.model.name',
    'ai.model.id',
    'llm.request.model',
    'llm.model_name',
    'embedding.model_name',
    'reranker.model_name',
  ],
  servedModel: ['gen_ai.response.model', 'ai.response.model', 'llm.response.model'],
  operation: ['gen_ai.operation.name', 'llm.request.type'],
  userId: ['user.id', 'langfuse.user.id', 'enduser.id', 'gen_ai.user.id', 'llm.user'],
  conversationId: ['gen_ai.conversation.id', 'session.id', 'langfuse.session.id'],
  requestId: ['gen_ai.response.id', 'ai.response.id', 'llm.response.id'],
  errorType: ['error.type'],
  serviceTier: [
    'openai.response.service_tier',
    'gen_ai.openai.response.service_tier',
    'gen_ai.response.service_tier',
  ],
  input: [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'llm.token_count.prompt',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    'llm.usage.prompt_tokens',
  ],
  output: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
    'llm.usage.completion_tokens',
  ],
  total: [
    'gen_ai.usage.total_tokens',
    'llm.token_count.total',
    'llm.usage.total_tokens',
    'ai.usage.totalTokens',
    'ai.usage.tokens',
  ],
  cacheRead: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.input_tokens.cached',
    'gen_ai.usage.cached_tokens',
    'gen_ai.usage.details.cache_read_tokens',
    'gen_ai.usage.details.cache_read_input_tokens',
    'gen_ai.usage.details.cached_tokens',
    'llm.token_count.prompt_details.cache_read',
    'llm.token_count.prompt_details.cache_input',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'ai.usage.cachedInputTokens',
    'llm.usage.cache_read_input_tokens',
  ],
  cacheWrite: [
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.details.cache_write_tokens',
    'gen_ai.usage.details.cache_creation_input_tokens',
    'llm.token_count.prompt_details.cache_write',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
    'llm.usage.cache_creation_input_tokens',
  ],
  reasoning: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.output_tokens.reasoning',
    'gen_ai.usage.details.reasoning_tokens',
    'llm.token_count.completion_details.reasoning',
    'ai.usage.outputTokenDetails.reasoningTokens',
    'ai.usage.reasoningTokens',
    'llm.usage.reasoning_tokens',
  ],
  inputAudio: [
    'gen_ai.usage.audio.input_tokens',
    'gen_ai.usage.details.input_audio_tokens',
    'llm.token_count.prompt_details.audio',
  ],
  outputAudio: [
    'gen_ai.usage.audio.output_tokens',
    'gen_ai.usage.details.output_audio_tokens',
    'llm.token_count.completion_details.audio',
  ],
  inputImage: ['gen_ai.usage.image.input_tokens'],
  inputVideo: ['gen_ai.usage.video.input_tokens'],
  cost: [
    'gen_ai.usage.cost',
    'gen_ai.usage.total_cost',
    'gen_ai.usage.cost.amount',
    'gen_ai.usage.cost.total',
    'llm.cost.total',
    'llm.usage.total_cost',
  ],
  inputCost: ['gen_ai.usage.input_cost', 'gen_ai.usage.cost.input', 'llm.cost.prompt'],
  outputCost: ['gen_ai.usage.output_cost', 'gen_ai.usage.cost.output', 'llm.cost.completion'],
  costCurrency: ['gen_ai.usage.cost.currency'],
  costSource: ['gen_ai.usage.cost.source'],
  streamed: [
    'gen_ai.request.stream',
    'gen_ai.request.is_stream',
    'gen_ai.is_streaming',
    'llm.is_streaming',
  ],
  ttftSeconds: ['gen_ai.response.time_to_first_chunk', 'gen_ai.server.time_to_first_token'],
  ttftMs: ['ai.response.msToFirstChunk'],
  firstTokenAt: ['langfuse.observation.completion_start_time'],
  tags: ['langfuse.trace.tags', 'tag.tags'],
  metadata: ['metadata'],
  // What kind of span it is, in the words of those who wrote it.
  langfuseType: ['langfuse.observation.type'],
  openInferenceKind: ['openinference.span.kind'],
  traceloopKind: ['traceloop.span.kind'],
  vercelOperation: ['ai.operationId'],
  level: ['langfuse.observation.level'],
  usageDetails: ['langfuse.observation.usage_details'],
  costDetails: ['langfuse.observation.cost_details'],
  providerMetadata: ['ai.response.providerMetadata'],
} satisfies Record<string, string[]>;

export type Fact = keyof typeof NAMES;
/** The facts that a span tells, as received. */
export type Facts = Partial<Record<Fact, unknown>>;

/** What an application attached to its call; the rest of the name is the key. */
const METADATA_PREFIXES = [
  'trace.metadata.',
  'langfuse.trace.metadata.',
  'traceloop.association.properties.',
  'ai.telemetry.metadata.',
  'metadata.',
];

const MAYBE_ATTACHED = /metadata\.|properties\./;
const FACTS_OF = new Map<string, { fact: Fact; rank: number }[]>();
for (const [fact, names] of Object.entries(NAMES) as [Fact, string[]][]) {
  names.forEach((name, rank) => {
    FACTS_OF.set(name, [...(FACTS_OF.get(name) ?? []), { fact, rank }]);
  });
}

/** One pass over a span's attributes: its facts, and what the application attached. */
export function readFacts(attributes: Attributes): {
  facts: Facts;
  attached: Map<string, unknown>;
} {
  const facts: Facts = {};
  const ranks: Partial<Record<Fact, number>> = {};
  const attached = new Map<string, unknown>();
  for (const [name, value] of attributes) {
    if (value === '' || value === null) continue;
    const told = FACTS_OF.get(name);
    if (told === undefined) {
      if (!MAYBE_ATTACHED.test(name)) continue;
      const prefix = METADATA_PREFIXES.find((start) => name.startsWith(start));
      if (prefix !== undefined) attached.set(name.slice(prefix.length), value);
      continue;
    }
    for (const { fact, rank } of told) {
      if (rank >= (ranks[fact] ?? Number.POSITIVE_INFINITY)) continue;
      ranks[fact] = rank;
      facts[fact] = value;
    }
  }
  return { facts, attached };
}
