// daybook backup | restore: the books and the archive as files, and back into empty books.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { backUp } from '../../core/backup.ts';
import type { Manifest } from '../../core/backup-catalog.ts';
import { AppError } from '../../core/errors.ts';
import { restoreBackup } from '../../core/restore.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

export function registerBackup(program: Command): void {
  program
    .command('backup <folder>')
    .description('write the books and the archive into a new folder, while Daybook goes on')
    .action((folder: string) => back(resolve(folder)));
  program
    .command('restore <folder>')
    .description('restore a backup into empty books and an empty archive')
    .action((folder: string) => restore(resolve(folder)));
}

function back(folder: string): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const { diskGuard, now, ownerPool, pipelinePool, paths } = openContext(lifecycle, {
      quiet: true,
    });
    // Books of an older version are refused, and the embedded ones brought to the newest.
    await pipelinePool();
    const owner = await ownerPool();
    const output = process.stderr;
    const { requireSpace } = diskGuard(folder);
    const where = { folder, archiveDir: paths.archive, requireSpace };
    const options = { owner, now: now(), output, ...where };
    const manifest = await backUp(options);
    console.log(`Backed up ${describe(manifest)} to ${folder}.`);
    const { missing } = manifest.archive;
    if (missing.length === 0) return;
    const lacks = `the backup lacks ${missing.length} archived files that are gone or changed`;
    throw new AppError('ERR_ARCHIVE', `${lacks}, such as ${missing[0]}`, {
      fix: 'restore them from an older backup; see: npm run daybook -- doctor',
    });
  });
}

function restore(folder: string): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const context = openContext(lifecycle, { quiet: true });
    const { manifest, lostLogins } = await restoreBackup({
      owner: await context.ownerPool(),
      roleUrls: await context.roleUrls(),
      archiveDir: context.paths.archive,
      folder,
      log: context.log,
      output: process.stderr,
    });
    console.log(`Restored ${describe(manifest)}; every table equals the backup row for row.`);
    for (const { currency, calls, cost } of manifest.calls)
      console.log(`  ${calls} calls that cost ${cost} ${currency}`);
    console.log('The warehouse comes back with the next refresh.');
    if (lostLogins.length > 0) {
      console.log('These logins are of the old server; remove each and make it anew:');
      for (const login of lostLogins) console.log(`  ${login}`);
    }
  });
}

function describe({ tables, archive }: Manifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return `${rows} rows of ${tables.length} tables and ${archive.files} archived files`;
}
