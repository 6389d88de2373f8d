// Finds the card that prices a call: the client's own before the shared ones, the served model
// before the requested one, what was recorded last before what was known earlier. Pure.
import { type Card, compileCard, type RecordedCard } from './cards.ts';
import { type Lookup, readNames } from './names.ts';

/**
 * What was recorded of one model over time, latest first. Cards recorded at one instant are one
 * statement: the latest statement that covers a call's time decides alone.
 */
interface Series {
  position: number;
  statements: Card[][];
}

/** The cards of one owner, by provider, in the order in which they are asked. */
export type CardIndex = ReadonlyMap<string, Series[]>;

interface Option {
  series: Series;
  name: string;
  /** The event's spelling of the model that led here. */
  model: string;
  isOwn: boolean;
}

/** Where a call's price may be found; the same for every call of a provider and model. */
export interface Resolution {
  lookup: Lookup;
  isFreeVariant: boolean;
  options: Option[];
  /** The only card that can apply, at any time. */
  always: Card | null;
}

export interface Found {
  card: Card;
  /** The event's spelling of the model that matched. */
  model: string;
}

/** Sorts recorded cards into an index. */
export function indexCards(recorded: RecordedCard[]): CardIndex {
  const grouped = new Map<string, Map<string, RecordedCard[]>>();
  for (const card of recorded) {
    const models = grouped.get(card.provider) ?? new Map<string, RecordedCard[]>();
    grouped.set(card.provider, models);
    // A client may set one price for "gpt-4" and another for whatever starts with it.
    const key = card.clientId === null ? card.model : JSON.stringify(card.pattern);
    models.set(key, [...(models.get(key) ?? []), card]);
  }
  const index = new Map<string, Series[]>();
  for (const [provider, models] of grouped) {
    const series = [...models.values()].map(toSeries);
    index.set(
      provider,
      series.sort((left, right) => left.position - right.position),
    );
  }
  return index;
}

/** Finds where the price of a model may be. */
export function resolveCards(
  own: CardIndex,
  shared: CardIndex,
  known: ReadonlySet<string>,
  { provider, model, servedModel }: { provider: string; model: string; servedModel: string | null },
): Resolution {
  const lookup = readNames(provider, model, servedModel, { known, own });
  const options = [
    ...optionsIn(own, lookup, true),
    ...(shared === own ? [] : optionsIn(shared, lookup, false)),
  ];
  const [first] = options;
  const newest = first?.series.statements[0];
  const only = newest?.length === 1 ? newest[0] : undefined;
  const isAlways = only?.isAlways === true && only.matches(first?.name ?? '');
  return {
    lookup,
    isFreeVariant: lookup.variants.includes('free'),
    options,
    always: isAlways ? (only ?? null) : null,
  };
}

/**
 * The card of a call at an instant and tier, or the reason why there is none. Another model of the
 * same owner never stands in for one that lacks the tier.
 */
export function selectCard(
  { options, always }: Resolution,
  instant: number,
  tier: string,
): Found | { problem: 'no card' | 'no tier' } {
  if (always?.unitsAt(tier) !== undefined) return { card: always, model: options[0]?.model ?? '' };
  let lackingOwner: boolean | undefined;
  for (const option of options) {
    if (option.isOwn === lackingOwner) continue;
    const card = findInSeries(option, instant);
    if (card === undefined) continue;
    if (card.unitsAt(tier) !== undefined) return { card, model: option.model };
    lackingOwner = option.isOwn;
  }
  return { problem: lackingOwner === undefined ? 'no card' : 'no tier' };
}

function findInSeries({ series, name }: Option, instant: number): Card | undefined {
  for (const statement of series.statements) {
    const card = statement.find((candidate) => candidate.covers(instant));
    if (card !== undefined) return card.matches(name) ? card : undefined;
  }
  return undefined;
}

function optionsIn(index: CardIndex, { providers, names }: Lookup, isOwn: boolean): Option[] {
  return names.flatMap(({ name, model }) =>
    providers.flatMap((provider) =>
      (index.get(provider) ?? [])
        .filter(({ statements }) =>
          statements.some((cards) => cards.some((card) => card.matches(name))),
        )
        .map((series) => ({ series, name, model, isOwn })),
    ),
  );
}

function toSeries(recorded: RecordedCard[]): Series {
  const byInstant = new Map<number, RecordedCard[]>();
  for (const card of recorded) {
    const instant = card.recordedAt.getTime();
    byInstant.set(instant, [...(byInstant.get(instant) ?? []), card]);
  }
  const newestFirst = [...byInstant].sort(([left], [right]) => right - left);
  return {
    position: newestFirst[0]?.[1][0]?.position ?? 0,
    // A price for some hours of the day goes before the one for all others.
    statements: newestFirst.map(([, cards]) =>
      cards
        .toSorted(
          (left, right) => Number(left.dailyFrom === null) - Number(right.dailyFrom === null),
        )
        .map(compileCard),
    ),
  };
}
