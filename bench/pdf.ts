// The PDF of the executive report, warm: the archived HTML of the demo's week, rendered again.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '../core/log.ts';
import { launchBrowser } from '../reports/browser.ts';
import { renderPdf } from '../reports/render-pdf.ts';
import { type Measurement, median } from './measure.ts';

const WARM_UP = 5;
const RENDERS = 30;

/** Renders the demo's weekly report; the demo must have run in `home`. */
export async function benchPdf(home: string): Promise<Measurement[]> {
  const folder = join(home, 'archive', 'demo-utc', 'executive', '2025-W11');
  const [revision = ''] = readdirSync(folder);
  const html = readFileSync(join(folder, revision, 'executive-2025-W11.html'), 'utf8');
  const browser = await launchBrowser(
    process.env.PUPPETEER_EXECUTABLE_PATH,
    createLog({ level: 'warn' }),
  );
  try {
    const times: number[] = [];
    let bytes = 0;
    for (let render = 0; render < WARM_UP + RENDERS; render += 1) {
      const started = performance.now();
      bytes = (await renderPdf(browser, html)).length;
      if (render >= WARM_UP) times.push(performance.now() - started);
    }
    const slowest = Math.max(...times);
    return [
      {
        work: `PDF of the executive report, warm, ${await browser.version()}`,
        figure: `${Math.round(median(times))} ms (slowest ${Math.round(slowest)} ms), ${Math.round(bytes / 1000)} kB`,
        aim: '≤ 150 ms',
      },
    ];
  } finally {
    await browser.close();
  }
}
