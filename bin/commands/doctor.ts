// daybook doctor: tries everything a report needs, and says what is wrong and what to do.
import type { Command } from 'commander';
import { timeZoneDataVersion } from '../../core/calendar.ts';
import { AppError, isAppError, messageOf } from '../../core/errors.ts';
import { query } from '../../core/postgres.ts';
import { checkClientZones, describeDifference } from '../../pipeline/zone-check.ts';
import { checkArchive } from '../../reports/archive.ts';
import { renderPdf } from '../../reports/render-pdf.ts';
import { type Context, openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

interface Examination {
  name: string;
  /** Says what is well, then what is only to be known. */
  examine: (context: Context) => Promise<string | [well: string, ...warnings: string[]]>;
  fix: string;
}

const EXAMINATIONS: Examination[] = [
  {
    name: 'Postgres',
    examine: async (context) => {
      const pool = await context.pipelinePool();
      const [row] = await query<{ version: string }>(
        pool,
        `select current_setting('server_version') as version`,
      );
      const kind = context.isEmbedded ? 'embedded' : 'your own';
      return `${row?.version} (${kind}), migrated, serving roles are safe`;
    },
    fix: 'check DATABASE_URL, then run: npm run daybook -- migrate',
  },
  {
    name: 'DuckDB',
    examine: async (context) => {
      const [row] = await context.withWarehouse((warehouse) =>
        warehouse.rows<{ version: string }>('select version() as version'),
      );
      return `${row?.version}, ${context.describeWarehouse()}`;
    },
    fix: 'delete the warehouse file; it is rebuilt from Postgres; or correct WAREHOUSE_URL',
  },
  {
    name: 'Calendar',
    examine: async (context) => {
      const pool = await context.pipelinePool();
      const today = context.now().toISOString().slice(0, 10);
      const { zones, differences } = await context.withWarehouse((warehouse) =>
        checkClientZones({ pool, warehouse }, today),
      );
      const warnings = differences.map(describeDifference);
      const all = warnings.length === 0 ? ', alike in Node, Postgres and DuckDB' : '';
      return [
        `zone data ${timeZoneDataVersion()}, ${zones} time zones compared${all}`,
        ...warnings,
      ];
    },
    fix: 'end whatever holds the warehouse, and try again',
  },
  {
    name: 'Disk',
    examine: async ({ config, diskGuard }) => {
      const disk = diskGuard();
      disk.requireSpace();
      return `${disk.describe()}, ${config.homeDir}`;
    },
    fix: 'free some of it, or move DAYBOOK_HOME to another disk',
  },
  {
    name: 'Archive',
    examine: async (context) => {
      const pool = await context.pipelinePool();
      const { fileCount, damaged } = await checkArchive(pool, context.paths.archive);
      if (damaged.length === 0) return `${fileCount} files, each as it was archived`;
      const rest = damaged.length > 1 ? ` and ${damaged.length - 1} more` : '';
      throw new AppError('ERR_ARCHIVE', `${damaged[0]}${rest}`);
    },
    fix: 'restore the archive folder from a backup',
  },
  {
    name: 'Chromium',
    examine: async (context) => {
      const browser = await context.browser();
      const bytes = await renderPdf(browser, '<p>Daybook</p>');
      return `${await browser.version()}, made a PDF of ${bytes.length} bytes`;
    },
    fix: 'set PUPPETEER_EXECUTABLE_PATH to a Chrome or Chromium',
  },
  {
    name: 'Mail',
    examine: (context) => context.mailer().verify(),
    fix: 'check SMTP_URL: host, port, user and password',
  },
];

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check Postgres, DuckDB, Chromium and mail: what is wrong and what to do')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        let failures = 0;
        for (const examination of EXAMINATIONS)
          failures += (await report(context, examination)) ? 0 : 1;
        console.log(
          failures === 0
            ? '\nAll is well.'
            : `\n${failures} of ${EXAMINATIONS.length} need attention.`,
        );
        if (failures > 0) process.exitCode = 1;
      }),
    );
}

async function report(context: Context, { name, examine, fix }: Examination): Promise<boolean> {
  try {
    const [well, ...warnings] = [await examine(context)].flat();
    console.log(`ok      ${name.padEnd(10)} ${well}`);
    for (const warning of warnings) console.log(`note    ${name.padEnd(10)} ${warning}`);
    return true;
  } catch (error) {
    console.log(`WRONG   ${name.padEnd(10)} ${messageOf(error)}`);
    console.log(`        ${' '.repeat(10)} do: ${(isAppError(error) && error.fix) || fix}`);
    return false;
  }
}
