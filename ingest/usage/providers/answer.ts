// What is known of one call in one form: the provider, the model asked for, the answer's body and its
// usage object, whichever of them were told. Decides nothing about figures. Pure.

import { asObject, type Told } from '../values/told-values.ts';
import type { ProviderCall } from './call.ts';
import { providerOfHost } from './hosts.ts';
import { childOf, countOf, storableText, textIn, valueIn } from './reading.ts';
import { findUsage } from './shapes/read-usage.ts';
import { foldStream, isEventStream, parseJson } from './stream.ts';

export interface Answer {
  /** As told, or by the host. */
  provider: string | undefined;
  path: string;
  /** Why the provider and the model are these, where the caller did not name them. */
  reasons: string[];
  httpStatus: number | undefined;
  /** The model asked for. */
  model: string | undefined;
  body: Told;
  usage: Told | undefined;
  /** Undefined where no answer is at hand. */
  isStreamed: boolean | undefined;
  /** False where a stream ended without its last event. */
  isComplete: boolean;
  /** A stream told an error after its answer had been given in full. */
  hasLateError: boolean;
  /** The answer is one line of a batch. */
  isBatch: boolean;
}

const BEDROCK_MODEL = /\/model\/([^/?]+)\//;
const GOOGLE_MODEL = /\/models\/([^/?:]+):/;
const AZURE_MODEL = /\/deployments\/([^/?]+)\//;
// A profile of Bedrock's own names its model; one of an application does not.
const PROFILE = /^arn:aws[\w-]*:bedrock:.*[:/](?:inference-profile|foundation-model)\/(.+)$/;

export function readAnswer(call: ProviderCall): Answer {
  const path = typeof call.httpPath === 'string' ? call.httpPath : '';
  const received = receive(call);
  const { body, isBatch } = openBatchLine(received.body);
  const usage = findUsage(body) ?? asObject(call.usage);
  const reasons: string[] = [];
  let provider = storableText(call.provider);
  if (provider === undefined) {
    provider = providerOfHost(call.host);
    if (provider !== undefined) reasons.push(`the host says that the provider is ${provider}`);
  }
  let model = stripModel(storableText(call.requestModel));
  if (model === undefined) {
    model = stripModel(modelIn(path));
    if (model !== undefined) reasons.push(`the path names the model ${model}`);
  }
  return {
    provider,
    path,
    reasons,
    httpStatus:
      countOf(call.httpStatus) ??
      countOf(valueIn(childOf(received.body, 'response'), 'status_code')),
    model,
    body,
    usage,
    isStreamed: received.isStreamed,
    isComplete: received.isComplete,
    hasLateError: received.hasLateError,
    isBatch,
  };
}

type Received = Pick<Answer, 'body' | 'isStreamed' | 'isComplete' | 'hasLateError'>;

function receive({ response, sse }: ProviderCall): Received {
  if (sse !== undefined && sse !== null) return { ...foldStream(sse), isStreamed: true };
  if (typeof response === 'string') return receiveText(response);
  // Gemini streams a list of answers where server-sent events are not asked for.
  if (Array.isArray(response)) return { ...foldStream(response), isStreamed: true };
  const body = asObject(response);
  return whole(body ?? {}, body === undefined ? undefined : false);
}

/** A transcript may come as plain text, which tells no figure. */
function receiveText(text: string): Received {
  if (isEventStream(text)) return { ...foldStream(text), isStreamed: true };
  const parsed = parseJson(text);
  if (Array.isArray(parsed)) return { ...foldStream(parsed), isStreamed: true };
  return whole(asObject(parsed) ?? {}, false);
}

function whole(body: Told, isStreamed: boolean | undefined): Received {
  return { body, isStreamed, isComplete: true, hasLateError: false };
}

/** A batch's result file wraps each answer: OpenAI's `response.body`, Anthropic's `result.message`. */
function openBatchLine(body: Told): { body: Told; isBatch: boolean } {
  const inner =
    childOf(childOf(body, 'response'), 'body') ?? childOf(childOf(body, 'result'), 'message');
  if (inner !== undefined) return { body: inner, isBatch: true };
  return { body, isBatch: valueIn(body, 'object') === 'batch' };
}

function modelIn(path: string): string | undefined {
  const [, model] =
    BEDROCK_MODEL.exec(path) ?? GOOGLE_MODEL.exec(path) ?? AZURE_MODEL.exec(path) ?? [];
  if (model === undefined) return undefined;
  try {
    return storableText(decodeURIComponent(model));
  } catch {
    return storableText(model);
  }
}

/** The name without what stands before it in Google's and Bedrock's addresses. */
function stripModel(model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  return PROFILE.exec(model)?.[1] ?? model.replace(/^models\//, '');
}

/** The name of the model that answered. */
export function servedModelOf(body: Told): string | undefined {
  return stripModel(textIn(body, 'model', 'modelVersion', 'model_version'));
}
