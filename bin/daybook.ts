#!/usr/bin/env node
// The command line: one command a file under bin/commands, wired here.
import { Command } from 'commander';
import { describeError, isAppError } from '../core/errors.ts';
import { registerBackup } from './commands/backup.ts';
import { registerClients } from './commands/clients.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerErase } from './commands/erase.ts';
import { registerErrors } from './commands/errors.ts';
import { registerHolidays } from './commands/holidays.ts';
import { registerImport } from './commands/import.ts';
import { registerIngest } from './commands/ingest.ts';
import { registerJobs } from './commands/jobs.ts';
import { registerLogins } from './commands/logins.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerNumbers } from './commands/numbers.ts';
import { registerPipeline } from './commands/pipeline.ts';
import { registerPrices } from './commands/prices.ts';
import { registerRecipients } from './commands/recipients.ts';
import { registerReport } from './commands/report.ts';
import { registerReprice } from './commands/reprice.ts';
import { registerRetention } from './commands/retention.ts';
import { registerSend } from './commands/send.ts';
import { registerStart } from './commands/start.ts';
import { registerStatus } from './commands/status.ts';
import { registerTokens } from './commands/tokens.ts';
import { registerUsage } from './commands/usage.ts';
import { registerUsers } from './commands/users.ts';
import { registerVerify } from './commands/verify.ts';
import { registerWorker } from './commands/worker.ts';

const program = new Command('daybook')
  .description('Books every SMS task and every LLM call, and mails the numbers.')
  .showHelpAfterError('(add --help for the options)')
  .showSuggestionAfterError();

for (const register of [
  registerStart,
  registerIngest,
  registerWorker,
  registerMigrate,
  registerClients,
  registerTokens,
  registerLogins,
  registerRecipients,
  registerNumbers,
  registerUsers,
  registerPrices,
  registerReprice,
  registerImport,
  registerUsage,
  registerPipeline,
  registerVerify,
  registerReport,
  registerSend,
  registerJobs,
  registerHolidays,
  registerStatus,
  registerErrors,
  registerRetention,
  registerErase,
  registerBackup,
  registerDoctor,
  registerDemo,
]) {
  register(program);
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = isAppError(error, 'ERR_USAGE', 'ERR_CONFIG') ? 2 : 1;
}
