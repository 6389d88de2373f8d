// What is counted and priced: the units, which of them are part of which, and how an event tells
// them. The names and their descent are those of the genai-prices catalogue, and `images`.
import { Decimal } from '../../core/money.ts';
import type { UsageCounts } from '../usage/event.ts';

type Dimensions = Readonly<Record<string, string>>;

/** Audio seconds are counted in millionths, all else in ones. */
const TICKS_PER_SECOND = 1_000_000;
const MODALITIES = ['', 'text', 'image', 'audio', 'video'];

/** A unit's dimensions; one unit is part of another when it has all of the other's, and more. */
const UNITS: ReadonlyMap<string, Dimensions> = new Map<string, Dimensions>([
  ...MODALITIES.flatMap(inputUnits),
  ...MODALITIES.flatMap(outputUnits),
  ['audio_seconds', { family: 'durations', modality: 'audio' }],
  ['input_audio_seconds', { family: 'durations', modality: 'audio', direction: 'input' }],
  ['output_audio_seconds', { family: 'durations', modality: 'audio', direction: 'output' }],
  ['input_characters', { family: 'characters', direction: 'input' }],
  ['input_document_pages', { family: 'document_pages', direction: 'input' }],
  [
    'input_annotated_document_pages',
    { family: 'document_pages', direction: 'input', kind: 'annotated' },
  ],
  ['input_pixels', { family: 'pixels', direction: 'input' }],
  ['input_text_messages', { family: 'messages', direction: 'input' }],
  ['images', { family: 'images' }],
  ['requests', { family: 'requests' }],
  ['rerank_searches', { family: 'rerank' }],
  ['web_searches', { family: 'tool_calls', tool: 'web_search' }],
  ['social_searches', { family: 'tool_calls', tool: 'social_search' }],
  ['storage_searches', { family: 'tool_calls', tool: 'storage_search' }],
  ['code_executions', { family: 'tool_calls', tool: 'code_execution' }],
]);

/** Other words for a unit, in events and on the command line. */
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    reasoning_tokens: 'output_reasoning_tokens',
    searches: 'web_searches',
    pages: 'input_document_pages',
    document_pages: 'input_document_pages',
    annotated_pages: 'input_annotated_document_pages',
    characters: 'input_characters',
  }),
);

const FIELDS: Readonly<Record<string, Exclude<keyof UsageCounts, 'otherUnits' | 'audioSeconds'>>> =
  {
    input_tokens: 'inputTokens',
    output_tokens: 'outputTokens',
    cache_read_tokens: 'cacheReadTokens',
    cache_write_tokens: 'cacheWriteTokens',
    cache_write_5m_tokens: 'cacheWrite5mTokens',
    cache_write_1h_tokens: 'cacheWrite1hTokens',
    output_reasoning_tokens: 'reasoningTokens',
    input_audio_tokens: 'inputAudioTokens',
    output_audio_tokens: 'outputAudioTokens',
    images: 'images',
    web_searches: 'searches',
    requests: 'requests',
  };

/** What is billed, where a provider tells it beside what the model saw: Cohere does. */
const BILLED: ReadonlyMap<string, string> = new Map([
  ['input_tokens', 'billed_input_tokens'],
  ['output_tokens', 'billed_output_tokens'],
]);

const FIELD_UNITS = Object.keys(FIELDS);

/** The catalogue's name of a unit, or undefined for one that is not known. */
export function findUnit(name: string): string | undefined {
  const unit = ALIASES.get(name) ?? name;
  return UNITS.has(unit) ? unit : undefined;
}

export function listUnits(): string[] {
  return [...UNITS.keys()];
}

/** How many counted parts make one unit. */
export function ticksOf(unit: string): number {
  return UNITS.get(unit)?.family === 'durations' ? TICKS_PER_SECOND : 1;
}

/** True for what a service tier makes cheaper or dearer; fees per call stay as they are. */
export function isMetered(unit: string): boolean {
  const family = UNITS.get(unit)?.family;
  return family === 'tokens' || family === 'durations';
}

/** True where a provider charges the unit on top of all others, such as a web search. */
export function isFee(unit: string): boolean {
  const family = UNITS.get(unit)?.family;
  return family === 'tool_calls' || family === 'rerank';
}

/** True for the two totals that a card which prices tokens at all must price. */
export function isTokenTotal(unit: string): boolean {
  return unit === 'input_tokens' || unit === 'output_tokens';
}

/** True when `part` counts some of what `whole` counts. */
export function isPartOf(part: string, whole: string): boolean {
  const [own, other] = [UNITS.get(part), UNITS.get(whole)];
  if (part === whole || own === undefined || other === undefined) return false;
  return Object.entries(other).every(([name, value]) => own[name] === value);
}

/** The most particular units first, as prices are taken off the whole from the leaves on. */
export function compareUnits(left: string, right: string): number {
  const depth = (unit: string) => Object.keys(UNITS.get(unit) ?? {}).length;
  return depth(right) - depth(left) || (left < right ? -1 : 1);
}

/** Reads a unit's count from an event, in counted parts; null where the event does not tell. */
export function countReader(unit: string): (counts: UsageCounts) => number | null {
  if (unit === 'audio_seconds') return ({ audioSeconds }) => ticksOfSeconds(audioSeconds);
  const ticks = ticksOf(unit);
  const names = [unit, ...[...ALIASES.keys()].filter((name) => ALIASES.get(name) === unit)];
  const readOther = ({ otherUnits }: UsageCounts) => {
    if (otherUnits === null) return null;
    const name = names.find((candidate) => Object.hasOwn(otherUnits, candidate));
    return name === undefined ? null : (otherUnits[name] ?? 0) * ticks;
  };
  const field = FIELDS[unit];
  if (field === undefined) return readOther;
  const billed = BILLED.get(unit);
  if (billed === undefined) return (counts) => counts[field] ?? readOther(counts);
  return (counts) => counts.otherUnits?.[billed] ?? counts[field] ?? readOther(counts);
}

/** The units an event tells a count above zero of. */
export function usedUnits(counts: UsageCounts): string[] {
  const used = FIELD_UNITS.filter((unit) => (counts[FIELDS[unit] as 'images'] ?? 0) > 0);
  if (counts.audioSeconds !== null && counts.audioSeconds !== '0') used.push('audio_seconds');
  for (const [name, count] of Object.entries(counts.otherUnits ?? {})) {
    if (count > 0) used.push(ALIASES.get(name) ?? name);
  }
  return used;
}

function ticksOfSeconds(seconds: string | null): number | null {
  if (seconds === null) return null;
  // Digits are shifted as text: 0.29 × 10^6 is no whole number of doubles.
  const [whole = '', fraction = ''] = seconds.split('.');
  if (!/^\d+$/.test(whole) || fraction.length > 6) {
    return new Decimal(seconds).times(TICKS_PER_SECOND).toDecimalPlaces(0).toNumber();
  }
  return Number(whole + fraction.padEnd(6, '0'));
}

function inputUnits(modality: string): [string, Dimensions][] {
  const base = dimensionsOf('input', modality);
  const [input, cache] = [`input${infix(modality)}`, `cache${infix(modality)}`];
  const write = { ...base, type: 'cache_write' };
  return [
    [`${input}_tokens`, base],
    [`${input}_tool_tokens`, { ...base, type: 'tool' }],
    [`${cache}_read_tokens`, { ...base, type: 'cache_read' }],
    [`${cache}_write_tokens`, write],
    [`${cache}_write_5m_tokens`, { ...write, ttl: '5m' }],
    [`${cache}_write_1h_tokens`, { ...write, ttl: '1h' }],
  ];
}

function outputUnits(modality: string): [string, Dimensions][] {
  const base = dimensionsOf('output', modality);
  const output = `output${infix(modality)}`;
  return [
    [`${output}_tokens`, base],
    [`${output}_reasoning_tokens`, { ...base, type: 'reasoning' }],
    [`${output}_citation_tokens`, { ...base, type: 'citation' }],
  ];
}

function dimensionsOf(direction: string, modality: string): Dimensions {
  const base = { family: 'tokens', direction };
  return modality === '' ? base : { ...base, modality };
}

function infix(modality: string): string {
  return modality === '' ? '' : `_${modality}`;
}
