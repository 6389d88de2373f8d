// The whole demo after install, as a person runs it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Measurement } from './measure.ts';

/** Runs the demo once, from nothing, and times the process. */
export async function benchDemo(home: string): Promise<Measurement[]> {
  const started = performance.now();
  const program = join(import.meta.dirname, '..', 'bin', 'daybook.ts');
  const child = spawn(process.execPath, [program, 'demo'], {
    env: { ...process.env, DAYBOOK_HOME: home, DATABASE_URL: '' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return [{ work: 'the whole demo after install', figure: `${seconds} s`, aim: '≤ 30 s' }];
}
