// Reads Prometheus' text format strictly, for tests: anything that its grammar does not allow throws.
// Never imported outside tests.

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/;
const LABELS = new RegExp(`^${LABEL.source}(?:,${LABEL.source})*$`);
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const NUMBER = /^(?:[+-]?Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const SUFFIXES: Record<string, RegExp> = {
  counter: /^$/,
  gauge: /^$/,
  histogram: /^_(bucket|sum|count)$/,
};

/** Each series, as it is written, with its value. Throws for what Prometheus would refuse. */
export function readSamples(text: string): Map<string, number> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  let family = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) ((?:[^\\\n]|\\[\\n])*)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/.exec(line);
    if (help?.[1] !== undefined) {
      if (types.has(help[1])) throw new Error(`${help[1]} is told twice`);
      family = help[1];
    } else if (type?.[1] !== undefined) {
      if (type[1] !== family) throw new Error(`${type[1]} has a type but no help`);
      types.set(family, type[2] ?? '');
    } else readSample(line, family, types.get(family) ?? '', samples);
  }
  return samples;
}

function readSample(
  line: string,
  family: string,
  type: string,
  samples: Map<string, number>,
): void {
  const [, name = '', labels, value = ''] = SAMPLE.exec(line) ?? [];
  const isOfFamily = name.startsWith(family) && SUFFIXES[type]?.test(name.slice(family.length));
  if (!isOfFamily) throw new Error(`no sample of ${family}: ${line}`);
  if (labels !== undefined && !LABELS.test(labels)) throw new Error(`bad labels: ${line}`);
  if (!NUMBER.test(value)) throw new Error(`no number: ${line}`);
  const series = line.slice(0, line.length - value.length - 1);
  if (samples.has(series)) throw new Error(`told twice: ${series}`);
  samples.set(series, Number(value.replace('Inf', 'Infinity')));
}
