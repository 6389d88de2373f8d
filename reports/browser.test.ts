// The packaged browser lives in a folder of this user's own, or is not used; one that does not start
// gives way to an installed one.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeTestFolder, rememberingLog, silentLog } from '../core/test-support.ts';
import { closeBrowser, findBrowsers, launchBrowser } from './browser.ts';
import { renderPdf } from './render-pdf.ts';

let folder: ReturnType<typeof makeTestFolder>;
beforeEach(() => {
  folder = makeTestFolder();
  // Without programs on the path there is no installed browser to be preferred.
  vi.stubEnv('PATH', '');
  vi.stubEnv('TMPDIR', folder.path);
});
afterEach(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

const ownFolder = (within = folder.path) =>
  join(within, `daybook-chromium-${process.getuid?.() ?? 'user'}`);

test.runIf(process.platform === 'linux')(
  'without an installed one it makes a PDF',
  async () => {
    const programs = await findBrowsers(undefined);
    expect(programs).toEqual([{ path: join(ownFolder(), 'chromium'), isShell: true }]);
    expect(process.env.TMPDIR).toBe(folder.path);
    const browser = await launchBrowser(undefined, silentLog());
    expect((await renderPdf(browser, '<p>Daybook</p>')).subarray(0, 5).toString()).toBe('%PDF-');
    await closeBrowser(browser);
  },
  60_000,
);

test.runIf(process.platform === 'linux')('a folder that others may write is refused', async () => {
  mkdirSync(ownFolder());
  chmodSync(ownFolder(), 0o777);
  await expect(findBrowsers(undefined)).rejects.toThrow(/open to others/);
});

test.runIf(process.platform === 'linux')(
  'one that does not start gives way to an installed one',
  async () => {
    const [packaged] = await findBrowsers(undefined);
    vi.stubEnv('PATH', ownFolder());
    const broken = makeTestFolder();
    vi.stubEnv('TMPDIR', broken.path);
    mkdirSync(ownFolder(broken.path), { mode: 0o700 });
    const program = join(ownFolder(broken.path), 'chromium');
    writeFileSync(program, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const { log, lines } = rememberingLog();
    const browser = await launchBrowser(undefined, log);
    expect(browser.process()?.spawnfile).toBe(packaged?.path);
    expect(lines.some(({ event }) => event === 'browser.passed_over')).toBe(true);
    await closeBrowser(browser);
    broken.remove();
  },
  60_000,
);
