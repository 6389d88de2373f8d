// Charts say what the figures say: bars from zero on one scale, directions by side, texts escaped.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawBars, drawSparkline, drawVariance, largestValue } from './chart.ts';
import type { Bar, BarChart, ChangeRow, Figure } from './content.ts';

const SIZE = { width: 400, height: 130 };
const figure = (value: string | null): Figure => ({ value, format: 'money', text: value ?? '–' });
const bar = (value: string | null, fields: Partial<Bar> = {}): Bar => ({
  label: 'W1',
  figure: figure(value),
  state: 'past',
  ...fields,
});
const chart = (bars: Bar[]): BarChart => ({
  id: 'weeks',
  title: 'Cost by week',
  subtitle: '',
  bars,
});

/** Each drawn rectangle with a class, outside of patterns. */
function rectangles(svg: string) {
  const drawn = svg.replace(/<defs>.*<\/defs>/s, '');
  return [
    ...drawn.matchAll(
      /<rect class="([^"]+)" x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"/g,
    ),
  ].map(([, name, x, y, width, height]) => ({
    name,
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
  }));
}

describe('bars', () => {
  test('are as high as their values, from one base', () => {
    const [one, two, half] = rectangles(drawBars(chart([bar('10'), bar('20'), bar('5')]), SIZE));
    if (one === undefined || two === undefined || half === undefined) throw new Error('three bars');
    expect(two.height / one.height).toBeCloseTo(2, 2);
    expect(one.height / half.height).toBeCloseTo(2, 2);
    expect(new Set([one, two, half].map(({ y, height }) => Math.round(y + height))).size).toBe(1);
  });

  test('of charts side by side share one scale', () => {
    const small = chart([bar('5')]);
    const large = chart([bar('10')]);
    const max = largestValue(small, large);
    expect(max).toBe('10');
    const [left] = rectangles(drawBars(small, { ...SIZE, max }));
    const [right] = rectangles(drawBars(large, { ...SIZE, max }));
    expect((right?.height ?? 0) / (left?.height ?? 1)).toBeCloseTo(2, 2);
    // Control: each to its own scale they would look the same.
    expect(rectangles(drawBars(small, SIZE))[0]?.height).toBe(right?.height);
  });

  test('that count something are seen, those of nothing and of the unknown are not', () => {
    const drawn = rectangles(
      drawBars(chart([bar('0.0004'), bar('9990.01'), bar('0'), bar(null)]), SIZE),
    );
    expect(drawn).toHaveLength(2);
    expect(Math.min(...drawn.map(({ height }) => height))).toBeGreaterThan(0);
  });

  test('that are open are hatched and told apart by name', () => {
    const svg = drawBars(chart([bar('1'), bar('1', { state: 'open' })]), SIZE);
    expect(svg).toMatch(/class="bar-open"[^>]*fill="url\(#weeks-hatch\)"/);
    expect(svg).toContain('id="weeks-hatch"');
  });

  test('stay inside the drawing, whatever the values', () => {
    const anyValue = fc.option(
      fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => value.toFixed(6)),
    );
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 31 }), (values) => {
        for (const { x, y, width, height } of rectangles(
          drawBars(chart(values.map((value) => bar(value))), SIZE),
        )) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x + width).toBeLessThanOrEqual(SIZE.width + 0.02);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(height).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('carry every figure in words for those who do not see them', () => {
    const svg = drawBars(chart([bar('1'), bar('2', { label: 'W2' })]), SIZE);
    expect(/aria-label="([^"]*)"/.exec(svg)?.[1]).toBe('Cost by week: W1 1, W2 2');
  });

  test('none, or one, are drawn without a fault', () => {
    for (const bars of [[], [bar('1')], [bar('0')]]) {
      const svg = drawBars(chart(bars), SIZE);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
  });
});

test('labels are text and never markup', () => {
  const hostile = `<script>alert("x")</script>'&`;
  const svg = drawBars({ ...chart([bar('1', { label: hostile })]), title: hostile }, SIZE);
  expect(svg).not.toContain('<script');
  expect(svg).not.toMatch(/aria-label="[^"]*"x"/);
  expect(svg).toContain('&#60;script&#62;');
});

describe('a sparkline', () => {
  test('has a gap where a period is unknown, and marks the last point', () => {
    const svg = drawSparkline(['1', null, '2', '3'], { width: 100, height: 30 });
    const path = /d="([^"]*)"/.exec(svg)?.[1] ?? '';
    expect(path.match(/M/g)).toHaveLength(2);
    expect(svg.match(/<circle/g)).toHaveLength(1);
  });

  test('whose last period is unknown marks none', () => {
    expect(drawSparkline(['1', null], { width: 100, height: 30 })).not.toContain('<circle');
  });

  test.each([[[]], [[null, null]], [['0', '0']], [['5']]])('of %j has no fault', (history) => {
    const svg = drawSparkline(history, { width: 100, height: 30 });
    expect(svg).toMatch(/^<svg/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('a variance bar', () => {
  const row = (value: string, fields: Partial<ChangeRow> = {}): ChangeRow => ({
    label: { name: 'm', detail: '', id: 'm' },
    previous: figure('0'),
    current: figure('0'),
    change: figure(value),
    tone: value.startsWith('-') ? 'good' : 'bad',
    isTotal: false,
    ...fields,
  });
  const rows = [row('-4'), row('2'), row('-2', { isTotal: true })];
  const draw = (one: ChangeRow) => drawVariance(rows, one, { width: 190, height: 16 });
  const axisOf = (svg: string) => Number(/<line[^>]* x1="([^"]+)"/.exec(svg)?.[1]);

  test('goes left for less and right for more, from one axis, in proportion', () => {
    const [less, more] = [rows[0], rows[1]].map((one) => draw(one as ChangeRow));
    const [left] = rectangles(less ?? '');
    const [right] = rectangles(more ?? '');
    expect(axisOf(less ?? '')).toBe(axisOf(more ?? ''));
    expect((left?.x ?? 0) + (left?.width ?? 0)).toBeCloseTo(axisOf(less ?? ''), 1);
    expect(right?.x).toBeCloseTo(axisOf(more ?? ''), 1);
    expect((left?.width ?? 0) / (right?.width ?? 1)).toBeCloseTo(2, 1);
  });

  test('is left out for the total, which would dwarf the rest', () => {
    expect(rectangles(draw(rows[2] as ChangeRow))).toEqual([]);
  });
});
