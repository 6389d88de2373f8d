// Which provider answers at a host, and whether its streams tell their usage unasked. The server has
// a list of its own; a test holds the two together. Pure.

/** @type {[suffix: string, provider: string][]} */
const PROVIDERS = [
  ['api.openai.com', 'openai'],
  ['openai.azure.com', 'azure-openai'],
  ['services.ai.azure.com', 'azure-ai'],
  ['cognitiveservices.azure.com', 'azure-openai'],
  ['api.groq.com', 'groq'],
  ['openrouter.ai', 'openrouter'],
  ['api.anthropic.com', 'anthropic'],
  ['generativelanguage.googleapis.com', 'google'],
  ['aiplatform.googleapis.com', 'google-vertex'],
  // The region stands before a hyphen.
  ['-aiplatform.googleapis.com', 'google-vertex'],
  ['api.mistral.ai', 'mistral'],
  ['api.deepseek.com', 'deepseek'],
  ['api.x.ai', 'xai'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.together.xyz', 'together'],
  ['api.together.ai', 'together'],
  ['api.fireworks.ai', 'fireworks'],
  ['api.cerebras.ai', 'cerebras'],
  ['api.cohere.com', 'cohere'],
  ['api.cohere.ai', 'cohere'],
  ['amazonaws.com', 'aws-bedrock'],
  ['api.aws', 'aws-bedrock-mantle'],
  ['router.huggingface.co', 'huggingface'],
  ['ollama.com', 'ollama-cloud'],
  ['api.writer.com', 'writer'],
  ['api.z.ai', 'zai'],
];

/** These tell the usage of each stream, or refuse to be asked for it. */
const TELLS_UNASKED = new Set(['groq', 'openrouter', 'mistral', 'perplexity', 'xai', 'anthropic']);

/**
 * The provider behind an OpenAI-compatible base URL. One that is not known, such as a gateway, is
 * taken for OpenAI, whose client it is, and its host is given.
 *
 * @param {unknown} baseUrl
 * @returns {{ provider: string, unknownHost: string | undefined }}
 */
export function providerOf(baseUrl) {
  const host = hostOf(baseUrl);
  const known = PROVIDERS.find(([suffix]) => isAt(host, suffix));
  if (known !== undefined) return { provider: known[1], unknownHost: undefined };
  return { provider: 'openai', unknownHost: host === '' ? undefined : host };
}

/** @type {(host: string, suffix: string) => boolean} */
function isAt(host, suffix) {
  return host === suffix || host.endsWith(suffix.startsWith('-') ? suffix : `.${suffix}`);
}

/** @param {string} provider */
export function tellsUsageUnasked(provider) {
  return TELLS_UNASKED.has(provider);
}

/** @param {unknown} baseUrl */
function hostOf(baseUrl) {
  try {
    return new URL(String(baseUrl)).host.toLowerCase();
  } catch {
    return '';
  }
}
