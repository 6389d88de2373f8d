// What tests that cross folders share: Daybook as a person runs it, and readers of what it made.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

export const PROJECT_DIR = join(import.meta.dirname, '..');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts `daybook …` with nothing of this machine's own configuration. */
export function startDaybook(args: string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(PROJECT_DIR, 'bin', 'daybook.ts'), ...args], {
    cwd: PROJECT_DIR,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TZ: 'UTC', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs `daybook …` to its end. */
export function runDaybook(args: string[], env: Record<string, string>): Promise<Finished> {
  const child = startDaybook(args, env);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Resolves with the first log line of the child that names the event. */
export function waitForLog(child: ChildProcess, event: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let buffer = '';
    child.once('close', (code) =>
      reject(new Error(`ended with ${code} before ${event}: ${buffer}`)),
    );
    child.stderr?.on('data', (chunk) => {
      buffer += chunk;
      const line = buffer.split('\n').find((candidate) => candidate.includes(`"${event}"`));
      if (line !== undefined) resolve(JSON.parse(line));
    });
  });
}

/** The text of a PDF, one line per text run, and its number of pages. */
export async function readPdfText(path: string): Promise<{ text: string; pages: number }> {
  const document = await getDocument({ data: new Uint8Array(readFileSync(path)), verbosity: 0 })
    .promise;
  const lines: string[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const { items } = await (await document.getPage(number)).getTextContent();
    for (const item of items) if ('str' in item && item.str !== '') lines.push(item.str);
  }
  const pages = document.numPages;
  await document.destroy();
  return { text: lines.join('\n'), pages };
}

/** The rows of a sheet as plain values. */
export async function readSheet(path: string, sheet: string): Promise<unknown[][]> {
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.readFile(path);
  const rows: unknown[][] = [];
  workbook.getWorksheet(sheet)?.eachRow((row) => rows.push((row.values as unknown[]).slice(1)));
  return rows;
}
