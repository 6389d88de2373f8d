// Which spans are model calls. Agents, chains, tools and the outer spans of an SDK repeat the usage
// of the calls within them: only the calls themselves count. Pure.
import type { Operation } from '../event.ts';
import type { Facts } from './vocabulary.ts';

/** What a span is: a call of an operation (null where it is not told), or no model call. */
export type SpanKind = { isCall: true; operation: Operation | null } | { isCall: false };

const NO_CALL: SpanKind = { isCall: false };

const GEN_AI_OPERATIONS: Record<string, Operation> = {
  chat: 'chat',
  generate_content: 'chat',
  responses: 'chat',
  text_completion: 'completion',
  completion: 'completion',
  embeddings: 'embedding',
  embedding: 'embedding',
  rerank: 'rerank',
  transcription: 'transcription',
  speech: 'speech',
  text_to_speech: 'speech',
  image: 'image',
  image_generation: 'image',
};
const GEN_AI_FRAMES = new Set([
  'invoke_agent',
  'create_agent',
  'invoke_workflow',
  'execute_tool',
  'execute_task',
  'retrieval',
  'agent',
  'workflow',
  'task',
  'tool',
  'chain',
  'framework',
  'vectordb',
]);
const OPEN_INFERENCE: Record<string, Operation> = {
  LLM: 'chat',
  EMBEDDING: 'embedding',
  RERANKER: 'rerank',
};

/** Decides by the most explicit word that the span has for itself. */
export function kindOfSpan(facts: Facts): SpanKind {
  const { langfuseType, openInferenceKind, vercelOperation, traceloopKind } = facts;
  if (langfuseType !== undefined) return kindOfLangfuse(langfuseType);
  if (typeof vercelOperation === 'string') return kindOfVercel(vercelOperation);
  if (openInferenceKind !== undefined) {
    return call(lookUp(OPEN_INFERENCE, String(openInferenceKind).toUpperCase()));
  }
  if (traceloopKind !== undefined) return NO_CALL;
  const operation = String(facts.operation ?? '').toLowerCase();
  if (GEN_AI_FRAMES.has(operation)) return NO_CALL;
  const known = lookUp(GEN_AI_OPERATIONS, operation);
  return known === undefined && !tellsCall(facts)
    ? NO_CALL
    : { isCall: true, operation: known ?? null };
}

function kindOfLangfuse(type: unknown): SpanKind {
  if (type === 'generation') return { isCall: true, operation: null };
  return call(type === 'embedding' ? 'embedding' : undefined);
}

/** `ai.generateText` holds `ai.generateText.doGenerate`, once per step. */
function kindOfVercel(operation: string): SpanKind {
  const leaf = /\.do(Generate|Stream|Embed|Rerank|Transcribe|Speech)$/.exec(operation)?.[1];
  const operations: Record<string, Operation> = {
    Generate: 'chat',
    Stream: 'chat',
    Embed: 'embedding',
    Rerank: 'rerank',
    Transcribe: 'transcription',
    Speech: 'speech',
  };
  return call(lookUp(operations, leaf ?? ''));
}

/** Without a word for its kind, a span that names a model and tells usage is a call. */
function tellsCall({ model, servedModel, input, output, total, cost }: Facts): boolean {
  const hasModel = model !== undefined || servedModel !== undefined;
  return hasModel && [input, output, total, cost].some((told) => told !== undefined);
}

function call(operation: Operation | undefined): SpanKind {
  return operation === undefined ? NO_CALL : { isCall: true, operation };
}

function lookUp(table: Record<string, Operation>, name: string): Operation | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
