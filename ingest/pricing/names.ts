// The names that a call's price is looked up by: an event's provider → the catalogue's, a model's
// name → its other spellings, and which variants such as ":online" it has. Pure.

/** Other words for the providers of the book, lower case, parts joined by "-". */
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'amazon-bedrock': 'aws',
    bedrock: 'aws',
    'aws-bedrock': 'aws',
    amazon: 'aws',
    gemini: 'google',
    vertex: 'google',
    vertexai: 'google',
    gcp: 'google',
    'google-ai-studio': 'google',
    'text-completion-openai': 'openai',
    xai: 'x-ai',
    grok: 'x-ai',
    mistralai: 'mistral',
    'text-completion-codestral': 'mistral',
    codestral: 'mistral',
    voyage: 'voyageai',
    moonshot: 'moonshotai',
    togetherai: 'together',
    'z-ai': 'zai',
    zhipu: 'zhipuai',
    copilot: 'github-copilot',
    azureopenai: 'azure',
    'hugging-face': 'huggingface',
  }),
);

/** Starts like a provider of the book, and is another. */
const OTHERS = new Set(['openai-compatible', 'openai-like', 'custom-openai', 'google-palm']);

/** Whose models a provider resells at its makers' prices. */
const FALLBACKS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    azure: ['openai', 'anthropic', 'deepseek', 'x-ai', 'moonshotai'],
    google: ['anthropic'],
  }),
);

/** Words of gateways and of clients that do not know: the model's own prefix tells more. */
const GATEWAYS = new Set([
  'litellm',
  'litellm-proxy',
  'portkey',
  'helicone',
  'vercel',
  'gateway',
  'ai-gateway',
  'custom',
  'other',
  'unknown',
  'none',
]);

/** Suffixes that choose a route, not another price: the model is looked up without them. */
const VARIANTS = new Set(['online', 'nitro', 'floor', 'thinking', 'exacto', 'beta', 'free']);
const COMPACT_DATE = /-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g;

/** Where to look for a call's price. */
export interface Lookup {
  /** The provider of the book, or the event's own word where the book has none. */
  provider: string;
  isKnown: boolean;
  /** The event's word and the book's name for it, then those whose prices it takes over. */
  providers: readonly string[];
  /** Names in the order of preference, each with the event's own spelling of the model. */
  names: { name: string; model: string }[];
  /** Variants such as `online`, in the order they were found. */
  variants: string[];
}

/** The providers that there are cards of: shared ones, and those that the client named itself. */
export interface KnownProviders {
  known: ReadonlySet<string>;
  own: { has(provider: string): boolean };
}

/** Finds the names to look a call's price up by; the model that served goes first. */
export function readNames(
  provider: string,
  model: string,
  servedModel: string | null,
  { known, own }: KnownProviders,
): Lookup {
  const models = servedModel === null || servedModel === model ? [model] : [servedModel, model];
  const word = provider.trim().toLowerCase();
  const found = findProvider(word, known);
  const prefix = found === undefined && !own.has(word) ? findPrefixed(word, model, known) : found;
  const named = prefix ?? word;
  const variants = new Set<string>();
  const names = new Map<string, string>();
  for (const spelled of models) {
    for (const name of spellings(spelled, named, known)) {
      const variant = variantOf(name);
      if (variant !== undefined) variants.add(variant);
      const bare = variant === undefined ? [name] : [name, name.slice(0, -variant.length - 1)];
      for (const each of bare) {
        for (const dated of [each, dashDates(each)]) {
          if (!names.has(dated)) names.set(dated, spelled);
        }
      }
    }
  }
  return {
    provider: named,
    isKnown: prefix !== undefined || own.has(word),
    providers: [...new Set([word, named, ...(FALLBACKS.get(named) ?? [])])],
    names: [...names].map(([name, spelled]) => ({ name, model: spelled })),
    variants: [...variants],
  };
}

/** The book's name of a provider: as it is, by another word, or without its last parts. */
function findProvider(provider: string, known: ReadonlySet<string>): string | undefined {
  const word = provider.trim().toLowerCase();
  if (known.has(word)) return word;
  const parts = word.split(/[^a-z0-9]+/).filter((part) => part !== '');
  if (parts[0] === 'huggingface') {
    const route = `huggingface_${parts.slice(1).join('-')}`;
    return known.has(route) ? route : undefined;
  }
  if (OTHERS.has(parts.join('-'))) return undefined;
  for (let length = parts.length; length > 0; length -= 1) {
    const name = parts.slice(0, length).join('-');
    const found = ALIASES.get(name) ?? name;
    if (known.has(found)) return found;
  }
  return undefined;
}

/**
 * LiteLLM writes the provider before the model. Behind a provider that is unknown but no gateway, a
 * single prefix may as well be the maker of a model that somebody else serves.
 */
function findPrefixed(
  provider: string,
  model: string,
  known: ReadonlySet<string>,
): string | undefined {
  const word = provider
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const isTelling = GATEWAYS.has(word) || model.split('/').length > 2;
  return isTelling ? findProvider(prefixOf(model), known) : undefined;
}

function prefixOf(model: string): string {
  const slash = model.indexOf('/');
  return slash < 1 ? '' : model.slice(0, slash);
}

/** The name as it is, without the path it may stand behind, and without the provider's own name. */
function spellings(model: string, provider: string, known: ReadonlySet<string>): string[] {
  const name = model.trim().toLowerCase();
  const found = [name];
  const path = /^(?:arn:.*|.*\bmodels)\/(?<rest>.+)$/.exec(name)?.groups?.rest;
  if (path !== undefined) found.push(path);
  const prefix = prefixOf(name);
  if (prefix !== '' && findProvider(prefix, known) === provider) {
    found.push(name.slice(prefix.length + 1));
  }
  return found;
}

function variantOf(name: string): string | undefined {
  const suffix = name.slice(name.lastIndexOf(':') + 1);
  return name.includes(':') && VARIANTS.has(suffix) ? suffix : undefined;
}

/** `-20250929` → `-2025-09-29`, as some catalogues write it. */
function dashDates(name: string): string {
  return name.replace(COMPACT_DATE, (compact, year: string, month: string, day: string) => {
    const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
    return date.getUTCDate() === Number(day) ? `-${year}-${month}-${day}` : compact;
  });
}
