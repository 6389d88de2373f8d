// What kind of work a call asked for: by its path, else by the shape of its answer. Pure.
import type { Operation } from '../event.ts';
import type { Told } from '../values/told-values.ts';
import type { Answer } from './answer.ts';
import { objectsOf, valueIn } from './reading.ts';

const PATHS: [path: RegExp, operation: Operation][] = [
  [/\/(chat\/completions|responses(\/|$)|messages$|converse(-stream)?$|threads\/|chat$)/, 'chat'],
  [/:(streamG|g)enerateContent$|\/api\/chat$/, 'chat'],
  [/\/embed(dings)?$|:(batchE|e)mbedContents?$|\/api\/embed/, 'embedding'],
  [/\/audio\/(transcriptions|translations)$/, 'transcription'],
  [/\/audio\/speech$/, 'speech'],
  [/\/images(\/|$)/, 'image'],
  [/\/rerank$/, 'rerank'],
  [/\/completions$|\/generate$/, 'completion'],
];
// Bedrock's invoke takes any model.
const INVOKE = /\/invoke(-with-response-stream)?$/;
const MODELS: [model: RegExp, operation: Operation][] = [
  [/embed/, 'embedding'],
  [/rerank/, 'rerank'],
  [/image|stability|canvas|diffusion/, 'image'],
];
const OBJECTS: Record<string, Operation> = {
  'chat.completion': 'chat',
  'chat.completion.chunk': 'chat',
  response: 'chat',
  'thread.run': 'chat',
  text_completion: 'completion',
};

export function findOperation({ path, body, model }: Answer): Operation | undefined {
  const endpoint = valueIn(body, 'endpoint');
  const isBatch = valueIn(body, 'object') === 'batch' && typeof endpoint === 'string';
  const asked = (isBatch ? endpoint : path).replace(/[?#].*$/s, '').replace(/\/+$/, '');
  if (INVOKE.test(asked)) return byModel(model ?? '') ?? 'chat';
  return PATHS.find(([pattern]) => pattern.test(asked))?.[1] ?? byAnswer(body);
}

function byModel(model: string): Operation | undefined {
  return MODELS.find(([pattern]) => pattern.test(model))?.[1];
}

function byAnswer(body: Told): Operation | undefined {
  const object = valueIn(body, 'object');
  if (typeof object === 'string' && Object.hasOwn(OBJECTS, object)) return OBJECTS[object];
  if (valueIn(body, 'type') === 'message') return 'chat';
  const isEmbedding = objectsOf(body, 'data').some((entry) => Object.hasOwn(entry, 'embedding'));
  return isEmbedding ? 'embedding' : undefined;
}
