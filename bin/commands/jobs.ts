// daybook jobs list | run | pause | resume | set | history | backfill: what recurs, and by hand.
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { Pool } from '../../core/postgres.ts';
import { askForRun, type RunState } from '../../pipeline/asked-runs.ts';
import {
  changeJob,
  findJob,
  type Job,
  type JobChange,
  pauseJob,
  resumeJob,
} from '../../pipeline/jobs.ts';
import { HOLIDAY_RULES } from '../../pipeline/occurrences.ts';
import { POLICIES } from '../../pipeline/schedule.ts';
import { loadAllJobs, type TickDeps } from '../../reports/due-reports.ts';
import { reportOfSlot } from '../../reports/job-kinds.ts';
import { type BackfillOptions, backfillJob } from '../backfill.ts';
import { openContext } from '../context.ts';
import { printDueSlots, printHistory, printJobs, utc } from '../job-tables.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';
import { doAskedRuns } from '../run-jobs.ts';
import { tickDeps } from './worker.ts';

interface Target {
  client?: string;
}

/** What every action gets: the job that was named, and what running it needs. */
interface Opened {
  deps: TickDeps;
  jobs: Job[];
  find(words: string[], client: string | undefined): Job;
}

export function registerJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('what recurs: reports, the refresh, mails; when, and what became of it');
  registerList(jobs);
  registerRun(jobs);
  registerPause(jobs);
  registerSet(jobs);
  registerHistory(jobs);
  registerBackfill(jobs);
}

function registerList(jobs: Command): void {
  jobs
    .command('list')
    .description('every job with its next slot and its last run')
    .option('--client <id>', 'only this client’s')
    .action(({ client }: Target) =>
      withJobs(async ({ deps, jobs: all }) => {
        const shown = all.filter(({ clientId }) => client === undefined || clientId === client);
        await printJobs(deps.pool, shown, deps.now());
      }),
    );
}

function registerRun(jobs: Command): void {
  jobs
    .command('run [job...]')
    .description('run a job now, as its schedule would; a report is mailed to who has not had it')
    .option('--client <id>', 'whose, where several have it')
    .option('--dry-run', 'show what would run; without a job: what is due of all')
    .action((words: string[], options: Target & { dryRun?: true }) =>
      withJobs(async ({ deps, jobs: all, find }) => {
        if (words.length === 0 && options.dryRun) return printDueSlots(all, deps.now());
        if (words.length === 0)
          throw new AppError('ERR_USAGE', 'which job?', {
            fix: 'see: npm run daybook -- jobs list',
          });
        const job = find(words, options.client);
        if (options.dryRun) return console.log(`Would run ${await describeRun(deps, job)}.`);
        const run = await askForRun(deps.pool, job, deps.now());
        const mailClient = job.kind === 'report' ? (job.clientId ?? undefined) : undefined;
        printStates(await doAskedRuns(deps, { runs: [run], mailClient }, process.stdout));
      }),
    );
}

function registerPause(jobs: Command): void {
  const change = (
    name: 'pause' | 'resume',
    description: string,
    act: typeof pauseJob,
    [done, not, aboutSlots]: [string, string, string],
  ) =>
    jobs
      .command(`${name} <job...>`)
      .description(description)
      .option('--client <id>', 'whose, where several have it')
      .action((words: string[], options: Target) =>
        withJobs(async ({ deps, find }) => {
          const job = find(words, options.client);
          const isChanged = await act(deps.pool, job, deps.now());
          const more = job.cronText === null || !isChanged ? '' : aboutSlots;
          console.log(`${nameOf(job)} ${isChanged ? done : not}.${more}`);
        }),
      );
  change('pause', 'plan no slot of a job until it is resumed', pauseJob, [
    'is paused',
    'was paused already',
    ' Slots that come meanwhile are not made up.',
  ]);
  change('resume', 'let a paused job go on from its next slot', resumeJob, [
    'goes on',
    'was not paused',
    ' Slots that came meanwhile are not made up.',
  ]);
}

function registerSet(jobs: Command): void {
  jobs
    .command('set <job...>')
    .description('change when a job comes')
    .option('--client <id>', 'whose, where several have it')
    .option('--cron <expression>', 'such as "0 7 * * mon-fri"; L and LW: the last (business) day')
    .option('--zone <name>', 'such as Europe/Vienna; "client" for the client’s own')
    .option('--policy <name>', `what becomes of missed slots: ${POLICIES.join(', ')}`)
    .option('--on-holiday <rule>', `what becomes of slots on holidays: ${HOLIDAY_RULES.join(', ')}`)
    .action((words: string[], options: Target & JobChange & { zone?: string }) =>
      withJobs(async ({ deps, find }) => {
        const job = find(words, options.client);
        const { cron, zone: timeZone, policy, onHoliday } = options;
        await changeJob(deps.pool, job, { cron, timeZone, policy, onHoliday }, deps.now());
        const changed = (await loadAllJobs(deps)).filter(
          (one) => one.job === job.job && one.clientId === job.clientId,
        );
        await printJobs(deps.pool, changed, deps.now());
      }),
    );
}

function registerHistory(jobs: Command): void {
  jobs
    .command('history [job...]')
    .description('what ran last, how long, how often it was tried, and why it failed')
    .option('--client <id>', 'only this client’s')
    .option('--limit <count>', 'how many', '20')
    .action((words: string[], options: Target & { limit: string }) =>
      withJobs(async ({ deps }) => {
        const limit = Number(options.limit);
        if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
          throw new AppError('ERR_USAGE', `the limit "${options.limit}" is not from 1 to 1000`);
        const job = words.length === 0 ? undefined : words.join(' ');
        await printHistory(deps.pool, { job, client: options.client, limit });
      }),
    );
}

function registerBackfill(jobs: Command): void {
  jobs
    .command('backfill <job...>')
    .description('do the past slots of a job that were never done, such as the reports of a year')
    .requiredOption('--from <day>', 'the first day, in the job’s zone')
    .requiredOption('--to <day>', 'the day after the last one')
    .option('--client <id>', 'whose, where several have it')
    .option('--mail', 'mail the reports too; else they are made and archived only')
    .option('--dry-run', 'show the slots, and do nothing')
    .action((words: string[], options: Target & BackfillOptions) =>
      withJobs(async ({ deps, find }) => {
        const states = await backfillJob(deps, find(words, options.client), options);
        if (states !== undefined) printStates(states);
      }),
    );
}

function withJobs(work: (opened: Opened) => Promise<void>): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const context = openContext(lifecycle, { quiet: true });
    const pool: Pool = await context.pipelinePool();
    const deps = tickDeps(context, { pool, mailer: context.mailer() });
    const jobs = await loadAllJobs(deps);
    const find = (words: string[], client: string | undefined) =>
      findJob(jobs, words.join(' '), client);
    await work({ deps, jobs, find });
  });
}

async function describeRun(deps: TickDeps, job: Job): Promise<string> {
  if (job.kind !== 'report') return nameOf(job);
  const { period } = await reportOfSlot(deps, { ...job, slotAt: deps.now() });
  return `${nameOf(job)}: ${period.key}, mailed to whoever has not had what it then says`;
}

function nameOf({ job, clientId }: Job): string {
  return clientId === null ? `"${job}"` : `"${job}" of ${clientId}`;
}

function printStates(states: RunState[]): void {
  printTable(
    ['slot (UTC)', 'state', 'attempts', 'rows', 'error'],
    states.map(({ slotAt, state, attempts, rowCount, error }) => [
      utc(slotAt),
      state,
      String(attempts),
      String(rowCount ?? ''),
      error?.split('\n')[0] ?? '',
    ]),
  );
  if (states.some(({ state }) => state === 'failed')) process.exitCode = 1;
}
