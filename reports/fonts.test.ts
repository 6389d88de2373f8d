// Fonts come inlined, for just the letters that a report holds, and from nowhere else.
import { expect, test } from 'vitest';
import { fontFaces } from './fonts.ts';

const families = (css: string) =>
  [...css.matchAll(/font-family:'([^']+)';font-weight:(\d+)/g)].map(
    ([, name, weight]) => `${name} ${weight}`,
  );

test('plain text needs the three faces of the design and nothing more', () => {
  expect(families(fontFaces('Cost rose 14.8 %')).sort()).toEqual([
    'Source Sans 3 400',
    'Source Sans 3 600',
    'Source Serif 4 600',
  ]);
});

test('other scripts bring their subsets, and only those', () => {
  const latin = fontFaces('abc');
  for (const text of ['Кириллица', 'Ελληνικά', 'Tiếng Việt']) {
    const css = fontFaces(`abc ${text}`);
    expect(css.length, text).toBeGreaterThan(latin.length);
    for (const face of latin.split('\n')) expect(css).toContain(face);
  }
});

test('nothing is fetched: every source is data', () => {
  const css = fontFaces('abc Кириллица Ελληνικά');
  const sources = [...css.matchAll(/url\(([^)]{0,40})/g)].map(([, source]) => source);
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.filter((source) => !source?.startsWith('data:font/woff2;base64,'))).toEqual([]);
});

test('the same letters give the same text, in whatever order they come', () => {
  expect(fontFaces('cba')).toBe(fontFaces('abc'));
  expect(fontFaces('Ελ abc')).toBe(fontFaces('abc λΕ'));
});

test('a text without letters needs no font', () => {
  expect(fontFaces('')).toBe('');
});

test('scripts that the design lacks come from Noto, only where they stand', () => {
  const added = (text: string) =>
    families(fontFaces(text)).filter((face) => face.startsWith('Noto'));
  expect(added('Acme')).toEqual([]);
  expect(new Set(added('شركة'))).toEqual(new Set(['Noto Sans Arabic 100']));
  expect(new Set(added('דוגמה'))).toEqual(new Set(['Noto Sans Hebrew 100']));
  expect(new Set(added('कंपनी'))).toEqual(new Set(['Noto Sans Devanagari 100']));
  expect(new Set(added('公司'))).toEqual(new Set(['Noto Sans SC 100']));
  expect(added('会社です')).toContain('Noto Sans JP 100');
  expect(new Set(added('회사'))).toEqual(new Set(['Noto Sans KR 100']));
  expect(added('🚀')).toEqual(['Noto Emoji 100']);
});
