// The provider that a host gives away is the same one to the server and to the client library.
import { expect, test } from 'vitest';
import { providerOf } from '../../client/provider-hosts.js';
import { providerOfHost } from './hosts.ts';

test.each([
  ['openai', 'https://api.openai.com/v1'],
  ['azure-openai', 'https://acme.openai.azure.com/openai/v1'],
  ['azure-openai', 'https://acme.cognitiveservices.azure.com/openai'],
  ['azure-ai', 'https://acme.services.ai.azure.com/openai/v1'],
  ['groq', 'https://api.groq.com/openai/v1'],
  ['openrouter', 'https://openrouter.ai/api/v1'],
  ['anthropic', 'https://api.anthropic.com/v1'],
  ['google', 'https://generativelanguage.googleapis.com/v1beta/openai'],
  ['google-vertex', 'https://us-central1-aiplatform.googleapis.com/v1'],
  ['mistral', 'https://api.mistral.ai/v1'],
  ['deepseek', 'https://api.deepseek.com'],
  ['xai', 'https://api.x.ai/v1'],
  ['perplexity', 'https://api.perplexity.ai'],
  ['together', 'https://api.together.xyz/v1'],
  ['together', 'https://api.together.ai/v1'],
  ['fireworks', 'https://api.fireworks.ai/inference/v1'],
  ['cerebras', 'https://api.cerebras.ai/v1'],
  ['cohere', 'https://api.cohere.ai/compatibility/v1'],
  ['cohere', 'https://api.cohere.com/v2'],
  ['aws-bedrock', 'https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1'],
  ['aws-bedrock-mantle', 'https://bedrock-mantle.us-east-1.api.aws/v1'],
  ['huggingface', 'https://router.huggingface.co/v1'],
  ['writer', 'https://api.writer.com/v1'],
  ['zai', 'https://api.z.ai/api/paas/v4'],
  ['ollama-cloud', 'https://ollama.com/v1'],
])('%s answers at %s', (provider, baseUrl) => {
  expect(providerOfHost(new URL(baseUrl).host)).toBe(provider);
  expect(providerOf(baseUrl).provider).toBe(provider);
});

test.each([
  'https://gateway.example.com/v1',
  'https://notopenai.com',
  'https://api.openai.com.evil.example',
])('nobody is known to answer at %s', (baseUrl) => {
  expect(providerOfHost(new URL(baseUrl).host)).toBeUndefined();
  expect(providerOf(baseUrl).unknownHost).toBe(new URL(baseUrl).host);
});
