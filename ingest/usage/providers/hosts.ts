// Which provider answers at a host. The client library has a list of its own, which it can ship
// alone; a test holds the two together. Pure.

const HOSTS: [host: RegExp, provider: string][] = [
  [/(^|\.)services\.ai\.azure\.com$|\.inference\.ai\.azure\.com$/, 'azure-ai'],
  [/\.openai\.azure\.com$|\.cognitiveservices\.azure\.com$/, 'azure-openai'],
  [/^bedrock-mantle\./, 'aws-bedrock-mantle'],
  [/^bedrock-runtime[.-].*amazonaws\.com/, 'aws-bedrock'],
  [/aiplatform\.googleapis\.com$/, 'google-vertex'],
  [/generativelanguage\.googleapis\.com$/, 'google'],
  [/(^|\.)openrouter\.ai$/, 'openrouter'],
  [/(^|\.)api\.openai\.com$/, 'openai'],
  [/(^|\.)anthropic\.com$/, 'anthropic'],
  [/(^|\.)groq\.com$/, 'groq'],
  [/(^|\.)mistral\.ai$/, 'mistral'],
  [/(^|\.)cohere\.(com|ai)$/, 'cohere'],
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)x\.ai$/, 'xai'],
  [/(^|\.)perplexity\.ai$/, 'perplexity'],
  [/(^|\.)voyageai\.com$/, 'voyageai'],
  [/(^|\.)together\.(xyz|ai)$/, 'together'],
  [/(^|\.)fireworks\.ai$/, 'fireworks'],
  [/(^|\.)cerebras\.ai$/, 'cerebras'],
  [/(^|\.)huggingface\.co$/, 'huggingface'],
  [/(^|\.)writer\.com$/, 'writer'],
  [/(^|\.)z\.ai$/, 'zai'],
  [/(^|\.)ollama\.com$/, 'ollama-cloud'],
  [/^(localhost|127\.0\.0\.1|\[::1\]):11434$/, 'ollama'],
];

/** The provider in the books' name; undefined for a host that is none of these, or no text. */
export function providerOfHost(host: unknown): string | undefined {
  if (typeof host !== 'string') return undefined;
  const name = host.toLowerCase();
  return HOSTS.find(([pattern]) => pattern.test(name))?.[1];
}
