// Pure: figures → SVG text. Bars start at zero, labels stand at the bar, colours come from the style
// sheet's classes so that print, screen and dark theme share one drawing.
import { Decimal } from '../core/money.ts';
import type { Bar, BarChart, ChangeRow } from './content.ts';

export interface ChartSize {
  width: number;
  height: number;
  /** The value that fills the height; charts of one unit side by side share it. */
  max?: string;
}

const LABEL_HEIGHT = 15;
const AXIS_HEIGHT = 20;
const CHARACTER_WIDTH = 5.6;
const BAR_SHARE = 0.62;
const BEHIND_SHIFT = 0.2;

/** The largest figure of the given charts, the ones behind included. */
export function largestValue(...charts: BarChart[]): string {
  const values = charts.flatMap(({ bars }) =>
    bars.flatMap(({ figure, behind }) => [figure, behind]),
  );
  return Decimal.max(0, ...values.map((figure) => figure?.value ?? '0')).toString();
}

/** A bar chart with direct labels; open bars are hatched. */
export function drawBars(
  chart: BarChart,
  { width, height, max = largestValue(chart) }: ChartSize,
): string {
  const slot = width / Math.max(1, chart.bars.length);
  const base = height - AXIS_HEIGHT;
  const scale = barScale(max, base - LABEL_HEIGHT);
  const labelled = labelledBars(chart.bars, slot);
  const named = namedBars(chart.bars, slot);
  const parts = chart.bars.map((bar, index) => {
    const frame = { x: index * slot, slot, base, drawingWidth: width };
    const shown = { isLabelled: labelled.has(index), isNamed: named.has(index) };
    return drawBar(bar, frame, scale, shown, `${chart.id}-hatch`);
  });
  return svg(width, height, describeBars(chart), [
    `<defs><pattern id="${chart.id}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="5" height="5"/><line class="hatch-line" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>`,
    ...parts,
    `<line class="axis" x1="0" x2="${round(width)}" y1="${base}" y2="${base}"/>`,
  ]);
}

/** A line of the last periods with its last point marked; unknown periods leave a gap. */
export function drawSparkline(history: (string | null)[], { width, height }: ChartSize): string {
  const known = history.filter((value) => value !== null).map((value) => new Decimal(value));
  if (known.length === 0) return svg(width, height, 'no history', []);
  const top = Decimal.max(...known);
  const bottom = Decimal.min(0, ...known);
  const span = top.minus(bottom);
  const inset = 4;
  const step = (width - 2 * inset) / Math.max(1, history.length - 1);
  const points = history.map((value, index) => {
    if (value === null) return undefined;
    const share = span.isZero() ? 0 : new Decimal(value).minus(bottom).div(span).toNumber();
    return {
      x: round(inset + index * step),
      y: round(height - inset - share * (height - 2 * inset)),
    };
  });
  const last = points.at(-1);
  const dot =
    last === undefined ? '' : `<circle class="spark-dot" cx="${last.x}" cy="${last.y}" r="2.6"/>`;
  return svg(width, height, `the last ${history.length} periods`, [
    `<path class="spark" d="${linePath(points)}"/>`,
    dot,
  ]);
}

/** One bar per row from a common axis: left is less, right is more. */
export function drawVariance(
  rows: ChangeRow[],
  row: ChangeRow,
  { width, height }: ChartSize,
): string {
  const changes = rows
    .filter(({ isTotal }) => !isTotal)
    .map(({ change }) => new Decimal(change.value ?? 0));
  const less = Decimal.max(0, ...changes.map((change) => change.negated()));
  const more = Decimal.max(0, ...changes);
  const span = less.plus(more);
  if (row.isTotal || span.isZero()) return svg(width, height, '', []);
  const usable = width - 4;
  const axis = 2 + less.div(span).times(usable).toNumber();
  const change = new Decimal(row.change.value ?? 0);
  const length = change.abs().div(span).times(usable).toNumber();
  const x = change.isNegative() ? axis - length : axis;
  const top = (height - 9) / 2;
  return svg(width, height, `change ${row.change.text}`, [
    `<rect class="variance-${row.tone}" x="${round(x)}" y="${top}" width="${round(length)}" height="9"/>`,
    `<line class="variance-axis" x1="${round(axis)}" x2="${round(axis)}" y1="${top - 3}" y2="${top + 12}"/>`,
  ]);
}

interface Frame {
  x: number;
  slot: number;
  base: number;
  drawingWidth: number;
}

type Scale = (value: string | null | undefined) => number;

function barScale(max: string, heightMax: number): Scale {
  const top = new Decimal(max);
  return (value) => {
    if (value == null || top.isZero()) return 0;
    return new Decimal(value).div(top).times(heightMax).toNumber();
  };
}

interface Shown {
  isLabelled: boolean;
  isNamed: boolean;
}

function drawBar(
  bar: Bar,
  { x, slot, base, drawingWidth }: Frame,
  scale: Scale,
  { isLabelled, isNamed }: Shown,
  hatch: string,
): string {
  const width = slot * (bar.behind === undefined ? BAR_SHARE : BAR_SHARE - BEHIND_SHIFT / 2);
  const shift = bar.behind === undefined ? 0 : slot * BEHIND_SHIFT;
  const left = x + (slot - width - shift) / 2;
  const height = scale(bar.figure.value);
  const behindHeight = scale(bar.behind?.value);
  const center = left + shift + width / 2;
  const parts: string[] = [];
  if (behindHeight > 0)
    parts.push(rect('bar-behind', left, base - behindHeight, width, behindHeight));
  if (height > 0) {
    const visible = Math.max(height, 0.8);
    const fill = bar.state === 'open' ? ` fill="url(#${hatch})"` : '';
    parts.push(rect(`bar-${bar.state}`, left + shift, base - visible, width, visible, fill));
  }
  const strong = bar.state === 'past' || bar.behind !== undefined ? '' : ' strong';
  if (isLabelled) {
    // At the edge a wide label moves inwards: a digit that is cut off makes another figure.
    const half = (bar.figure.text.length * CHARACTER_WIDTH) / 2;
    const inside = Math.min(Math.max(center, half), drawingWidth - half);
    parts.push(text(`bar-value${strong}`, inside, base - height - 5, bar.figure.text));
  }
  if (isNamed) parts.push(text(`bar-label${strong}`, x + slot / 2, base + 14, bar.label));
  return parts.join('');
}

/** Every label where they fit; else the first and every fifth, as on a ruler. */
function namedBars(bars: Bar[], slot: number): Set<number> {
  const widest = Math.max(0, ...bars.map(({ label }) => label.length));
  const all = [...bars.keys()];
  if (widest * CHARACTER_WIDTH + 2 <= slot) return new Set(all);
  return new Set(all.filter((index) => index === 0 || (index + 1) % 5 === 0));
}

/** All bars where the texts fit side by side; else the largest, the last and what is unknown. */
function labelledBars(bars: Bar[], slot: number): Set<number> {
  const widest = Math.max(0, ...bars.map(({ figure }) => figure.text.length));
  if (widest * CHARACTER_WIDTH + 2 <= slot) return new Set(bars.keys());
  const values = bars.map(({ figure }) => new Decimal(figure.value ?? 0));
  const largest = values.findIndex((value) => value.equals(Decimal.max(0, ...values)));
  const marked = bars.findIndex(({ state }) => state !== 'past');
  const unknown = [...bars.keys()].filter((index) => bars[index]?.figure.value === null);
  const isMarked = bars.some(({ state }) => state === 'past');
  return new Set([...(isMarked ? [largest, marked] : [largest]), ...unknown]);
}

function describeBars({ title, bars }: BarChart): string {
  return `${title}: ${bars.map(({ label, figure }) => `${label} ${figure.text}`).join(', ')}`;
}

function linePath(points: ({ x: number; y: number } | undefined)[]): string {
  let isDrawing = false;
  const steps = points.map((point) => {
    if (point === undefined) {
      isDrawing = false;
      return '';
    }
    const command = isDrawing ? 'L' : 'M';
    isDrawing = true;
    return `${command}${point.x} ${point.y}`;
  });
  return steps.join('');
}

function svg(width: number, height: number, label: string, parts: string[]): string {
  const role = label === '' ? 'aria-hidden="true"' : `role="img" aria-label="${escapeXml(label)}"`;
  return `<svg ${role} viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}">${parts.join('')}</svg>`;
}

function rect(
  className: string,
  x: number,
  y: number,
  width: number,
  height: number,
  extra = '',
): string {
  return `<rect class="${className}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"${extra}/>`;
}

function text(className: string, x: number, y: number, content: string): string {
  return `<text class="${className}" x="${round(x)}" y="${round(y)}" text-anchor="middle">${escapeXml(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escapeXml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
