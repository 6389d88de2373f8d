// Counters, gauges and histograms in the text format that Prometheus reads. Each label has a closed list
// of values, so that no request can add a series; what is measured is the caller's.

/** The values that each label may have; anything else is counted as "other". */
export type Labels = Record<string, readonly string[]>;
export type LabelValues = Record<string, string>;

export interface Counter {
  add(labels?: LabelValues, by?: number): void;
}

export interface Gauge {
  /** A value that is unknown, undefined, leaves no sample. */
  set(value: number | undefined, labels?: LabelValues): void;
  /** Forgets every sample. */
  clear(): void;
}

export interface Histogram {
  observe(value: number, labels?: LabelValues): void;
}

export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  /** `bounds` rise; what is above the last one is in +Inf. */
  histogram(name: string, help: string, bounds: readonly number[], labels?: Labels): Histogram;
  /** Runs before each scrape, to set gauges. One that fails keeps no other from being told. */
  beforeScrape(read: () => Promise<void> | void): void;
  /** All samples, as `text/plain; version=0.0.4`. */
  text(): Promise<string>;
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const OTHER = 'other';
const NAME = /^[a-z][a-z0-9_]*$/;

type Family = () => string[];

/** Makes an empty registry. */
export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const reads: (() => Promise<void> | void)[] = [];
  let scrape: Promise<string> | undefined;
  const add = (type: string, name: string, help: string, samples: Family) => {
    if (!NAME.test(name) || families.has(name)) throw new Error(`metric ${name} is no new name`);
    const said = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    families.set(name, () => [`# HELP ${name} ${said}`, `# TYPE ${name} ${type}`, ...samples()]);
  };
  const tell = async () => {
    for (const read of reads)
      await Promise.resolve()
        .then(read)
        .catch(() => undefined);
    return `${[...families.values()].flatMap((family) => family()).join('\n')}\n`;
  };
  return {
    counter: (name, help, labels = {}) => {
      const values = new Map(seriesOf(labels).map((series) => [series, 0]));
      add('counter', name, help, () => samplesOf(name, values));
      return {
        add: (told = {}, by = 1) => {
          const series = seriesText(labels, told);
          if (by >= 0) values.set(series, (values.get(series) ?? 0) + by);
        },
      };
    },
    gauge: (name, help, labels = {}) => {
      const values = new Map<string, number>();
      add('gauge', name, help, () => samplesOf(name, values));
      return {
        set: (value, told = {}) => {
          const series = seriesText(labels, told);
          if (value === undefined) values.delete(series);
          else values.set(series, value);
        },
        clear: () => values.clear(),
      };
    },
    histogram: (name, help, bounds, labels = {}) => {
      const all = new Map(seriesOf(labels).map((series) => [series, emptyBuckets(bounds)]));
      add('histogram', name, help, () =>
        [...all].flatMap((one) => bucketSamples(name, bounds, one)),
      );
      return {
        observe: (value, told = {}) => {
          const series = seriesText(labels, told);
          const buckets = all.get(series) ?? emptyBuckets(bounds);
          all.set(series, buckets);
          const at = bounds.findIndex((bound) => value <= bound);
          const index = at === -1 ? bounds.length : at;
          buckets.counts[index] = (buckets.counts[index] ?? 0) + 1;
          buckets.sum += value;
        },
      };
    },
    beforeScrape: (read) => void reads.push(read),
    // Two scrapes at a time read the books once.
    text: () => {
      scrape ??= tell().finally(() => {
        scrape = undefined;
      });
      return scrape;
    },
  };
}

interface Buckets {
  /** One for each bound, and one for what is above. */
  counts: number[];
  sum: number;
}

function emptyBuckets(bounds: readonly number[]): Buckets {
  return { counts: Array(bounds.length + 1).fill(0), sum: 0 };
}

function bucketSamples(
  name: string,
  bounds: readonly number[],
  [series, { counts, sum }]: [string, Buckets],
): string[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    const bound = `le="${numberText(bounds[index] ?? Number.POSITIVE_INFINITY)}"`;
    const labels = series === '' ? bound : `${series},${bound}`;
    return sample(`${name}_bucket`, labels, total);
  });
  return [...buckets, sample(`${name}_sum`, series, sum), sample(`${name}_count`, series, total)];
}

/** Every combination of values: a series that appears only with its first error has no rate before. */
function seriesOf(labels: Labels): string[] {
  const combinations = Object.entries(labels).reduce<LabelValues[]>(
    (rest, [name, values]) =>
      rest.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
  return combinations.map((one) => seriesText(labels, one));
}

function seriesText(labels: Labels, told: LabelValues): string {
  return Object.entries(labels)
    .map(([name, values]) => {
      const value = told[name] ?? OTHER;
      return `${name}="${escapeValue(values.includes(value) ? value : OTHER)}"`;
    })
    .join(',');
}

function samplesOf(name: string, values: Map<string, number>): string[] {
  return [...values].map(([series, value]) => sample(name, series, value));
}

function sample(name: string, series: string, value: number): string {
  return `${name}${series === '' ? '' : `{${series}}`} ${numberText(value)}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
