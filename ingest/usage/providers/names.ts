// The names that semantic conventions, SDKs and gateways have for one provider → the name that the
// books use, and the provider that a model's name gives away. Pure.

/** Spellings by the books' name; the lower-case spelling counts. */
const SPELLINGS: Record<string, readonly string[]> = {
  'aws-bedrock': [
    'aws.bedrock',
    'aws_bedrock',
    'amazon-bedrock',
    'amazon_bedrock',
    'amazon.bedrock',
    'bedrock',
    'bedrock_converse',
  ],
  'azure-openai': ['azure.ai.openai', 'az.ai.openai', 'azure', 'azure_openai'],
  'azure-ai': ['azure.ai.inference', 'az.ai.inference', 'azure_ai'],
  google: ['gcp.gemini', 'gcp.gen_ai', 'gemini', 'google.generative-ai', 'google_genai'],
  'google-vertex': [
    'gcp.vertex_ai',
    'gcp.vertex.agent',
    'vertex_ai',
    'vertex_ai_beta',
    'vertexai',
    'google.vertex',
    'google_vertexai',
  ],
  cohere: ['cohere_chat'],
  fireworks: ['fireworks_ai', 'fireworks-ai'],
  mistral: ['mistral_ai', 'mistralai'],
  together: ['together_ai', 'togetherai', 'together-ai'],
  voyageai: ['voyage'],
  xai: ['x_ai', 'x-ai', 'x.ai'],
};
const NAME_OF = new Map(
  Object.entries(SPELLINGS).flatMap(([name, spellings]) =>
    spellings.map((spelling) => [spelling, name] as const),
  ),
);

/** Providers that everybody calls alike, but for capitals. */
const PLAIN_NAMES = [
  'anthropic',
  'cerebras',
  'deepinfra',
  'deepseek',
  'groq',
  'ollama',
  'openai',
  'openrouter',
  'perplexity',
];
const KNOWN = new Set([...NAME_OF.keys(), ...Object.keys(SPELLINGS), ...PLAIN_NAMES]);

/** The flag of an event whose provider is only what its model's name gives away. */
export const PROVIDER_GUESSED = 'provider_guessed';

/** Families of models that one company alone makes and serves under these names. */
const FAMILIES: [RegExp, string][] = [
  [
    /^(gpt-|chatgpt-|o[1-9](-|$)|text-embedding-|whisper-1|tts-1|dall-e-|davinci|babbage)/,
    'openai',
  ],
  [/^claude/, 'anthropic'],
  [/^(gemini|text-embedding-00|imagen|veo)/, 'google'],
  [/^(mistral-|ministral|codestral|magistral|pixtral|open-mi[sx]tral)/, 'mistral'],
  [/^deepseek-(chat|reasoner)/, 'deepseek'],
  [/^grok-/, 'xai'],
  [/^(command|rerank-|embed-(english|multilingual|v))/, 'cohere'],
  [/^sonar/, 'perplexity'],
  [/^voyage-/, 'voyageai'],
];

/** The books' name of a provider; `openai.chat` is a class of the provider `openai`. */
export function nameProvider(spelling: string): string {
  const name = spelling.toLowerCase();
  const known = NAME_OF.get(name);
  if (known !== undefined || !name.includes('.')) return known ?? name;
  const parts = name.split('.');
  for (let length = parts.length - 1; length > 0; length -= 1) {
    const prefix = parts.slice(0, length).join('.');
    if (NAME_OF.has(prefix)) return NAME_OF.get(prefix) as string;
  }
  return parts[0] as string;
}

/** A provider as a caller names it: a known one in small letters, so that it is not two. */
export function spellProvider(told: string): string {
  const name = told.toLowerCase();
  return KNOWN.has(name) ? name : told;
}

/**
 * The provider of a model where none was told: the maker of a family that has one maker, and
 * OpenRouter for `maker/model`, the form of its ids. "unknown" where nothing can be said.
 */
export function guessProvider(model: string): string {
  const name = model.toLowerCase();
  if (/^[a-z0-9_.-]+\/[a-z0-9_.:-]+$/.test(name)) return 'openrouter';
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? 'unknown';
}
