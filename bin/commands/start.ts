// daybook start: ingest and worker as two supervised processes, the default for one machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Context, openContext, PROJECT_DIR } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

const ROLES = ['ingest', 'worker'];
const RESTART_DELAY_MS = 2_000;
const STOP_TIMEOUT_MS = 15_000;

export function registerStart(program: Command): void {
  program
    .command('start')
    .description('run ingest and worker, each restarted when it ends')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle);
        const stopping = lifecycle.waitForStop();
        // Checked, and the embedded server held, before two children start to use them.
        await context.pipelinePool();
        for (const role of ROLES) lifecycle.onEnd(supervise(context, role));
        await stopping;
      }),
    );
}

/** Keeps one role running; returns what stops it. */
function supervise({ log }: Context, role: string): () => Promise<void> {
  let child: ChildProcess;
  let restart: NodeJS.Timeout | undefined;
  const run = () => {
    child = spawn(process.execPath, [join(PROJECT_DIR, 'bin', 'daybook.ts'), role], {
      // The channel closes when this process dies, however it dies, and the child ends with it.
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    child.once('exit', (code, signal) => {
      // A terminal stops us all at once, and a child may be faster than we are: wait, then judge.
      restart = setTimeout(() => {
        log.error('process.ended', { role, code, signal, action: 'starting it again' });
        run();
      }, RESTART_DELAY_MS);
    });
  };
  run();
  return () => {
    const stopped = stopChild(child);
    void stopped.then(() => clearTimeout(restart));
    return stopped;
  };
}

function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(giveUp);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
