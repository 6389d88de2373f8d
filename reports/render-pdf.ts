// HTML → PDF in a page without script, network or files, closed again after each report.
import { AppError, messageOf } from '../core/errors.ts';
import type { Browser } from './browser.ts';

const RENDER_TIMEOUT_MS = 30_000;
const REFRESH = /<meta[^>]*http-equiv\s*=\s*["']?\s*refresh/i;

/** A4, tagged, with an outline. Throws ERR_RENDER rather than returning an incomplete page. */
export async function renderPdf(browser: Browser, html: string): Promise<Buffer> {
  // No setting stops a refresh, and the page it leads to would be printed in place of the report.
  if (REFRESH.test(html)) {
    throw new AppError('ERR_RENDER', 'the PDF could not be made: the page would leave by itself');
  }
  const page = await browser.newPage();
  try {
    page.setDefaultTimeout(RENDER_TIMEOUT_MS);
    await page.setJavaScriptEnabled(false);
    await page.setOfflineMode(true);
    await page.setContent(html, { waitUntil: 'load', timeout: RENDER_TIMEOUT_MS });
    const bytes = await page.pdf({
      preferCSSPageSize: true,
      printBackground: true,
      tagged: true,
      outline: true,
      waitForFonts: true,
      timeout: RENDER_TIMEOUT_MS,
    });
    return Buffer.from(bytes);
  } catch (cause) {
    throw new AppError('ERR_RENDER', `the PDF could not be made: ${messageOf(cause)}`, { cause });
  } finally {
    await page.close().catch(() => undefined);
  }
}
