// The packaged browser lives in a folder of this user's own, or is not used.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeTestFolder, silentLog } from '../core/test-support.ts';
import { closeBrowser, findBrowser, launchBrowser } from './browser.ts';
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

const ownFolder = () => join(folder.path, `daybook-chromium-${process.getuid?.() ?? 'user'}`);

test.runIf(process.platform === 'linux')(
  'without an installed one it makes a PDF',
  async () => {
    const { path } = await findBrowser(undefined);
    expect(path).toBe(join(ownFolder(), 'chromium'));
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
  await expect(findBrowser(undefined)).rejects.toThrow(/open to others/);
});
