// daybook report NAME --client C --period P --format html,pdf,xlsx
import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import { CATALOG, FORMATS, type Format, findReport } from '../../reports/catalog.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { makeFreshReport, PERIOD_FORMS } from '../make-report.ts';

export function registerReport(program: Command): void {
  program
    .command('report <name>')
    .description(`make and archive a report: ${CATALOG.map(({ name }) => name).join(', ')}`)
    .requiredOption('--client <id>', 'for whom')
    .requiredOption('--period <period>', PERIOD_FORMS)
    .option('--format <list>', 'which of html, pdf, xlsx, with commas', FORMATS.join(','))
    .action((name: string, options: { client: string; period: string; format: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const { name: report } = findReport(name);
        const formats = parseFormats(options.format);
        const context = openContext(lifecycle, { quiet: true });
        const request = { report, clientId: options.client, period: options.period, formats };
        const made = await makeFreshReport(context, request);
        const { content, provenance } = made.revision;
        const state = made.revision.isNew ? 'new' : 'unchanged';
        console.log(`${content.headline}\nRevision ${provenance.revision} (${state})`);
        for (const entry of made.entries) console.log(join(context.paths.archive, entry.path));
      }),
    );
}

function parseFormats(list: string): Format[] {
  return list.split(',').map((text) => {
    const format = FORMATS.find((candidate) => candidate === text.trim().toLowerCase());
    if (format !== undefined) return format;
    throw new AppError('ERR_USAGE', `there is no format "${text}"`, {
      fix: `choose from: ${FORMATS.join(', ')}`,
    });
  });
}
