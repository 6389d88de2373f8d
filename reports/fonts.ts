// The packaged fonts as CSS, cut to the subsets that a text needs, so that a report is one file that
// looks the same everywhere and reads nothing from the network.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

interface Source {
  css: string;
  family: string;
  weight: number | '100 900';
  /** Scripts that the design's own fonts lack; used only for what those leave out. */
  isFallback?: true;
  /** Where two fonts draw the same signs, the text that tells which one is meant. */
  onlyWith?: RegExp;
}

interface Face extends Omit<Source, 'css'> {
  ranges: [number, number][];
  unicodeRange: string;
  path: string;
}

const NOTO_FAMILIES: Record<string, string> = {
  'noto-sans-arabic': 'Noto Sans Arabic',
  'noto-sans-hebrew': 'Noto Sans Hebrew',
  'noto-sans-devanagari': 'Noto Sans Devanagari',
  'noto-sans-jp': 'Noto Sans JP',
  'noto-sans-kr': 'Noto Sans KR',
  'noto-sans-sc': 'Noto Sans SC',
  'noto-emoji': 'Noto Emoji',
};

// Fixed weights, not the variable fonts: Chromium draws the latter into PDF as outlines of its own
// kind, which doubles the file and the time and spaces the letters unevenly (measured).
const SOURCES: Source[] = [
  { css: '@fontsource/source-sans-3/400.css', family: 'Source Sans 3', weight: 400 },
  { css: '@fontsource/source-sans-3/600.css', family: 'Source Sans 3', weight: 600 },
  { css: '@fontsource/source-serif-4/600.css', family: 'Source Serif 4', weight: 600 },
  ...['arabic', 'hebrew', 'devanagari', 'jp', 'kr', 'sc'].map((script) =>
    noto(`noto-sans-${script}`),
  ),
  noto('noto-emoji'),
];

/** A name, an emoji, a client's word: for scripts that stand in few places a variable font will do. */
function noto(name: string): Source {
  const family = NOTO_FAMILIES[name] ?? name;
  const css = `@fontsource-variable/${name}/wght.css`;
  const source: Source = { css, family, weight: '100 900', isFallback: true };
  // Han signs differ between the three; kana and hangul tell Japanese and Korean from Chinese.
  if (name.endsWith('-jp')) return { ...source, onlyWith: /[\u3040-\u30ff]/ };
  return name.endsWith('-kr') ? { ...source, onlyWith: /[\uac00-\ud7af]/ } : source;
}

const require = createRequire(import.meta.url);
const rules = new Map<string, string>();
let faces: Face[] | undefined;

/** `@font-face` rules, fonts inlined, for the characters of `text`. */
export function fontFaces(text: string): string {
  faces ??= SOURCES.flatMap(loadFaces);
  const codes = [...new Set(text)].map((character) => character.codePointAt(0) ?? 0);
  const own = faces.filter(({ isFallback }) => !isFallback);
  const needed = own.filter((face) => codes.some((code) => covers(face, code)));
  let rest = codes.filter((code) => !own.some((face) => covers(face, code)));
  for (const face of faces) {
    if (!face.isFallback || face.onlyWith?.test(text) === false) continue;
    const left = rest.filter((code) => !covers(face, code));
    if (left.length < rest.length) needed.push(face);
    rest = left;
  }
  return needed.map(faceRule).join('\n');
}

function covers({ ranges }: Face, code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to);
}

function loadFaces({ css, ...source }: Source): Face[] {
  const file = require.resolve(css);
  const blocks = readFileSync(file, 'utf8').matchAll(/@font-face\s*{([^}]*)}/g);
  return [...blocks].map(([, block = '']) => {
    const unicodeRange = /unicode-range:\s*([^;]+)/.exec(block)?.[1]?.trim() ?? 'U+0-10FFFF';
    const path = join(dirname(file), /url\(([^)]+)\)/.exec(block)?.[1] ?? '');
    return { ...source, ranges: unicodeRange.split(',').map(parseRange), unicodeRange, path };
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
