// The packaged fonts as CSS, cut to the subsets that a text needs, so that a report is one file that
// looks the same everywhere and reads nothing from the network.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

interface Face {
  family: string;
  weight: number;
  ranges: [number, number][];
  unicodeRange: string;
  path: string;
}

// Fixed weights, not the variable fonts: Chromium draws the latter into PDF as outlines of its own
// kind, which doubles the file and the time and spaces the letters unevenly (measured).
const SOURCES = [
  { css: '@fontsource/source-sans-3/400.css', family: 'Source Sans 3', weight: 400 },
  { css: '@fontsource/source-sans-3/600.css', family: 'Source Sans 3', weight: 600 },
  { css: '@fontsource/source-serif-4/600.css', family: 'Source Serif 4', weight: 600 },
];

const require = createRequire(import.meta.url);
const rules = new Map<string, string>();
let faces: Face[] | undefined;

/** `@font-face` rules, fonts inlined, for the characters of `text`. */
export function fontFaces(text: string): string {
  faces ??= SOURCES.flatMap(loadFaces);
  const codes = [...new Set(text)].map((character) => character.codePointAt(0) ?? 0);
  return faces
    .filter(({ ranges }) =>
      codes.some((code) => ranges.some(([from, to]) => code >= from && code <= to)),
    )
    .map(faceRule)
    .join('\n');
}

function loadFaces({ css, family, weight }: (typeof SOURCES)[number]): Face[] {
  const file = require.resolve(css);
  const blocks = readFileSync(file, 'utf8').matchAll(/@font-face\s*{([^}]*)}/g);
  return [...blocks].map(([, block = '']) => {
    const unicodeRange = /unicode-range:\s*([^;]+)/.exec(block)?.[1]?.trim() ?? 'U+0-10FFFF';
    const path = join(dirname(file), /url\(([^)]+)\)/.exec(block)?.[1] ?? '');
    return { family, weight, ranges: unicodeRange.split(',').map(parseRange), unicodeRange, path };
  });
}

function parseRange(range: string): [number, number] {
  const [from = '0', to = from] = range.trim().replace(/^U\+/i, '').split('-');
  return [
    Number.parseInt(from.replaceAll('?', '0'), 16),
    Number.parseInt(to.replaceAll('?', 'F'), 16),
  ];
}

function faceRule({ family, weight, unicodeRange, path }: Face): string {
  const known = rules.get(path);
  if (known !== undefined) return known;
  const data = readFileSync(path).toString('base64');
  const source = `url(data:font/woff2;base64,${data}) format('woff2')`;
  const rule =
    `@font-face{font-family:'${family}';font-weight:${weight};src:${source};` +
    `unicode-range:${unicodeRange}}`;
  rules.set(path, rule);
  return rule;
}
