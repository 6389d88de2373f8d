// daybook send NAME --client C --period P: makes a report and mails it to whoever has not had it.
import type { Command } from 'commander';
import { FORMATS, findReport } from '../../reports/catalog.ts';
import { queueDeliveries, sendDueDeliveries } from '../../reports/deliver.ts';
import { type Context, openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { makeFreshReport, PERIOD_FORMS } from '../make-report.ts';

export function registerSend(program: Command): void {
  program
    .command('send <name>')
    .description('make a report and mail it to every recipient who has not had this revision')
    .requiredOption('--client <id>', 'for whom')
    .requiredOption('--period <period>', PERIOD_FORMS)
    .action((name: string, options: { client: string; period: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const { name: report } = findReport(name);
        const context = openContext(lifecycle, { quiet: true });
        const request = { report, clientId: options.client, period: options.period };
        const made = await makeFreshReport(context, { ...request, formats: FORMATS });
        const deps = await deliverDeps(context);
        const queued = await queueDeliveries(deps, made.revision);
        const { sent, retry, failed, uncertain } = await sendDueDeliveries(deps, [options.client]);
        const isOutbox = context.config.smtpUrl === undefined;
        console.log(`queued ${queued}, ${isOutbox ? 'written' : 'sent'} ${sent}`);
        if (queued + sent === 0) {
          console.log('Nobody gets this report, or everybody has had this revision; see:');
          console.log(`npm run daybook -- recipients list --client ${options.client}`);
        }
        if (retry + failed + uncertain > 0) {
          console.log(`to be tried again ${retry}, failed ${failed}, uncertain ${uncertain}`);
          console.log('see: npm run daybook -- status');
        }
        if (isOutbox) console.log(`No SMTP_URL is set: mails are files in ${context.paths.outbox}`);
        if (failed + uncertain > 0) process.exitCode = 1;
      }),
    );
}

/** What delivering needs, from a context. */
export async function deliverDeps(context: Context, mailer = context.mailer()) {
  return {
    pool: await context.pipelinePool(),
    archiveDir: context.paths.archive,
    mailer,
    mailFrom: context.config.mailFrom,
    now: context.now,
    log: context.log,
  };
}
