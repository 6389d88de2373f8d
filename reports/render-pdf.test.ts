// The PDF page reaches nothing: no network, no file, no script; and what comes out is tagged, counts
// its pages and repeats the heads of its tables.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import puppeteer from 'puppeteer';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeTestFolder, silentLog } from '../core/test-support.ts';
import { makeReport, ORDINARY_CALLS } from '../test/make-facts.ts';
import { type Browser, findBrowsers, launchBrowser } from './browser.ts';
import { renderHtml } from './render-html.ts';
import { renderPdf } from './render-pdf.ts';

const SECRET = 'the secret of the file';
const folder = makeTestFolder();
const secretPath = join(folder.path, 'secret.txt');
let browser: Browser;
let canary: Server;
let base = '';
let hits: string[] = [];

beforeAll(async () => {
  mkdirSync(folder.path, { recursive: true });
  writeFileSync(secretPath, SECRET);
  canary = createServer((request, response) => {
    hits.push(request.url ?? '');
    response.end('canary');
  });
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
  browser = await launchBrowser(undefined, silentLog());
});
afterAll(async () => {
  await browser.close();
  canary.closeAllConnections();
  await new Promise((resolve) => canary.close(resolve));
  folder.remove();
});
beforeEach(() => {
  hits = [];
});

/** One page of the pdfjs kind per page of the PDF: its text and the roles of its tags. */
async function readPages(bytes: Buffer) {
  const document = await getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise;
  const pages: { text: string; roles: Set<string> }[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    const roles = new Set<string>();
    collectRoles(await page.getStructTree(), roles);
    pages.push({ text: plainText(items), roles });
  }
  const isTagged = (await document.getMarkInfo())?.Marked === true;
  const outline = await document.getOutline();
  await document.destroy();
  return { pages, isTagged, outline };
}

/** Runs are broken as the PDF likes: any space is one space. */
function plainText(items: object[]): string {
  const runs = items.map((item) => ('str' in item ? item.str : ''));
  return runs.join(' ').replaceAll(/\s+/g, ' ');
}

function collectRoles(node: unknown, roles: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  const { role, children = [] } = node as { role?: string; children?: unknown[] };
  if (role !== undefined) roles.add(role);
  for (const child of children) collectRoles(child, roles);
}

const VECTORS: [string, (url: string) => string][] = [
  ['an image', (url) => `<img src="${url}">`],
  ['a set of images', (url) => `<img srcset="${url} 2x">`],
  ['a background', (url) => `<div style="background:url(${url});height:9px">.</div>`],
  ['an imported style', (url) => `<style>@import "${url}";</style>`],
  ['a linked style', (url) => `<link rel="stylesheet" href="${url}">`],
  [
    'a font',
    (url) =>
      `<style>@font-face{font-family:x;src:url(${url})}</style><p style="font-family:x">x</p>`,
  ],
  ['a frame', (url) => `<iframe src="${url}"></iframe>`],
  ['an object', (url) => `<object data="${url}"></object>`],
  ['an embedded file', (url) => `<embed src="${url}">`],
  ['a drawing', (url) => `<svg><image href="${url}" width="9" height="9"/></svg>`],
  ['a film’s poster', (url) => `<video poster="${url}"></video>`],
  ['a refresh', (url) => `<meta http-equiv="refresh" content="0;url=${url}">`],
  ['a script', (url) => `<script src="${url}"></script>`],
  ['a script that fetches', (url) => `<script>fetch('${url}')</script>`],
];
const pageWith = (injected: string) =>
  `<!doctype html><html lang="en"><head><title>t</title></head><body><p>sentinel</p>${injected}</body></html>`;

describe('a page of a PDF', () => {
  test.each(VECTORS)('asks for nothing through %s', async (_name, vector) => {
    const html = pageWith(vector(`${base}/hit`));
    const render = renderPdf(browser, html);
    // A refresh leaves the page: what it would print is refused, not passed on blank.
    if (html.includes('refresh')) await expect(render).rejects.toThrow(/leave by itself/);
    else expect((await readPages(await render)).pages[0]?.text).toContain('sentinel');
    expect(hits).toEqual([]);
  });

  test('asks for nothing when the report itself is made to ask by every way at once', async () => {
    const all = VECTORS.filter(([name]) => name !== 'a refresh').map(([, vector]) =>
      vector(`${base}/hit`),
    );
    const html = renderHtml(makeReport(ORDINARY_CALLS)).replace(
      '</body>',
      `${all.join('')}</body>`,
    );
    const { pages } = await readPages(await renderPdf(browser, html));
    expect(pages.map(({ text }) => text).join(' ')).toContain('Acme');
    expect(hits).toEqual([]);
  });

  test('control: the same page in an open browser asks by every way', async () => {
    const [program] = await findBrowsers(undefined);
    const open = await puppeteer.launch({
      executablePath: program?.path ?? '',
      headless: program?.isShell ? 'shell' : true,
      args: ['--no-sandbox'],
    });
    try {
      for (const [index, [, vector]] of VECTORS.entries()) {
        // A page for each: a refresh that is still under way would carry the next one off.
        const page = await open.newPage();
        const html = pageWith(vector(`${base}/${index}`));
        // The refresh leaves while the page is being set; what hangs has asked, too.
        await page.setContent(html, { waitUntil: 'load', timeout: 5_000 }).catch(() => undefined);
        await page.pdf({ timeout: 5_000 }).catch(() => undefined);
        await expect.poll(() => hits, { timeout: 5_000, interval: 20 }).toContain(`/${index}`);
        await page.close();
      }
    } finally {
      await open.close();
    }
  }, 60_000);

  test('shows no file of this machine', async () => {
    const url = `file://${secretPath}`;
    const vectors = VECTORS.map(([, vector]) => vector(url));
    const staying = vectors.filter((vector) => !vector.includes('refresh'));
    const { pages } = await readPages(await renderPdf(browser, pageWith(staying.join(''))));
    expect(pages.map(({ text }) => text).join(' ')).not.toContain(SECRET);
  });

  test('control: a page that is opened from a file shows it', async () => {
    const page = await browser.newPage();
    await page.goto(`file://${secretPath}`);
    const { pages } = await readPages(Buffer.from(await page.pdf()));
    expect(pages[0]?.text).toContain(SECRET);
    await page.close();
  });

  test('runs no script', async () => {
    const html = pageWith(
      `<p id="x">before</p><script>document.getElementById('x').textContent = 'after'</script>`,
    );
    const { pages } = await readPages(await renderPdf(browser, html));
    expect(pages[0]?.text).toContain('before');
    expect(pages[0]?.text).not.toContain('after');
  });

  test('is closed again, also after a failure', async () => {
    const before = (await browser.pages()).length;
    await renderPdf(browser, pageWith(''));
    expect((await browser.pages()).length).toBe(before);
  });
});

test('a browser that is gone is an error and no empty PDF', async () => {
  const other = await launchBrowser(undefined, silentLog());
  await other.close();
  await expect(renderPdf(other, pageWith(''))).rejects.toThrow();
});

describe('the PDF of a report', () => {
  const many = Array.from({ length: 150 }, (_, index) => ({
    date: '2025-03-12',
    cost: String(index + 1),
    model: `model number ${index}`,
  }));

  test('is tagged for readers who do not see it, and has an outline', async () => {
    const { pages, isTagged, outline } = await readPages(
      await renderPdf(browser, renderHtml(makeReport(ORDINARY_CALLS))),
    );
    expect(isTagged).toBe(true);
    const roles = new Set(pages.flatMap((page) => [...page.roles]));
    for (const role of ['H1', 'H2', 'Table', 'TH', 'TD', 'Figure'])
      expect(roles, role).toContain(role);
    expect(outline?.length).toBeGreaterThan(0);
  });

  test('counts its pages on every page', async () => {
    const { pages } = await readPages(
      await renderPdf(browser, renderHtml(makeReport(ORDINARY_CALLS))),
    );
    expect(pages.length).toBeGreaterThan(1);
    pages.forEach(({ text }, index) => {
      expect(text).toContain(`${index + 1} / ${pages.length}`);
    });
  });

  test('repeats the heads of a table that goes over several pages', async () => {
    const report = makeReport(many);
    const models = report.content.tables.find(({ id }) => id === 'models');
    if (models === undefined) throw new Error('no table of models');
    models.rows = models.allRows;
    const { pages } = await readPages(await renderPdf(browser, renderHtml(report)));
    const withRows = pages.filter(
      ({ text }) => (text.match(/model number \d+/g) ?? []).length > 10,
    );
    expect(withRows.length).toBeGreaterThan(1);
    for (const { text } of withRows) {
      for (const head of models.heads) expect(text).toContain(head);
    }
  });
});
