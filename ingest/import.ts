// Loads a file of native events, NDJSON or CSV, through the same parsing and storing as a request.
// Running it again adds nothing, because every event keeps its own id.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { type CsvError, parse as parseCsv } from 'csv-parse';
import { AppError, messageOf } from '../core/errors.ts';
import type { ItemResult, StoreUsage } from './store/usage-events.ts';
import type { ParsedItem } from './usage/event.ts';
import { NativeEvent, parseNativeItem } from './usage/native.ts';
import { parseNativeLine } from './usage/native-request.ts';
import { parseExactJson } from './usage/values/exact-json.ts';

export interface ImportCounts {
  accepted: number;
  duplicate: number;
  conflict: number;
  rejected: number;
}

export interface ImportOptions {
  path: string;
  clientId: string;
  storeUsage: StoreUsage;
  /** Told after each batch: the counts so far, and what was not stored with its line, from 1. */
  onBatch?: (counts: ImportCounts, problems: LineProblem[]) => void;
}

export interface LineProblem {
  line: number;
  id: string | null;
  problem: string;
}

interface Line {
  line: number;
  item: ParsedItem;
}

const BATCH_SIZE = 1_000;
// A line as long as a whole request may be; beyond it the file is not made of lines.
const RECORD_LENGTH_MAX = 5 * 1024 * 1024;
/** Fields whose cell is read as JSON; the others are texts, whatever they look like. */
const JSON_FIELDS = new Set(['input_tokens', 'output_tokens', 'latency_ms', 'metadata']);

/** Imports a file. Throws ERR_INPUT where it cannot be read or has other columns. */
export async function importFile({
  path,
  clientId,
  storeUsage,
  onBatch,
}: ImportOptions): Promise<ImportCounts> {
  const counts: ImportCounts = { accepted: 0, duplicate: 0, conflict: 0, rejected: 0 };
  for await (const batch of inBatches(readItems(path))) {
    const results = await storeUsage(
      clientId,
      batch.map(({ item }) => item),
    );
    for (const { result } of results) counts[result] += 1;
    onBatch?.(counts, problemsOf(batch, results));
  }
  return counts;
}

/** Reads a file's items one by one; the ending decides the format. */
export async function* readItems(path: string): AsyncGenerator<Line> {
  const isCsv = extname(path).toLowerCase() === '.csv';
  await assertReadable(path, isCsv);
  try {
    yield* isCsv ? readCsv(path) : readNdjson(path);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('ERR_INPUT', `${path} cannot be read: ${messageOf(cause)}`, {
      cause,
      fix: isCsv ? 'give a UTF-8 CSV file with a head row' : 'give one JSON event per line',
    });
  }
}

async function assertReadable(path: string, isCsv: boolean): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AppError('ERR_INPUT', `there is no file ${path}`, { cause, fix: 'check its path' });
  });
  if (!found.isFile()) {
    throw new AppError('ERR_INPUT', `${path} is no file`, { fix: 'give a CSV or NDJSON file' });
  }
  if (isCsv && found.size === 0) {
    const fix = 'give a CSV file with a head row';
    throw new AppError('ERR_INPUT', `${path} is empty`, { fix });
  }
}

async function* readNdjson(path: string): AsyncGenerator<Line> {
  let line = 0;
  for await (const text of readLines(path)) {
    line += 1;
    if (text.trim() !== '') yield { line, item: parseNativeLine(text) };
  }
}

/** Lines end with a line feed only: JSON texts may hold U+2028, which `readline` would break at. */
async function* readLines(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of readText(path)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > RECORD_LENGTH_MAX)
      throw new Error(`a line exceeds ${RECORD_LENGTH_MAX} characters`);
    yield* lines;
  }
  yield rest;
}

/** The file as text without its byte order mark. Throws where it is not UTF-8. */
async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const bytes of createReadStream(path)) yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}

async function* readCsv(path: string): AsyncGenerator<Line> {
  const rows = parseCsv({
    columns: (head: string[]) => checkColumns(path, head),
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: RECORD_LENGTH_MAX,
  });
  // An error of the file ends the rows too; the loop below throws it.
  pipeline(Readable.from(readText(path)), rows, () => undefined);
  for await (const { record, info } of rows) {
    yield { line: info.lines, item: parseRecord(record, info.error) };
  }
}

function parseRecord(record: Record<string, string>, error: CsvError | undefined): ParsedItem {
  if (error === undefined) return parseNativeItem(toItem(record));
  return {
    rejection: { id: null, field: '', reason: 'has more or fewer cells than the head row' },
  };
}

function checkColumns(path: string, head: string[]): string[] {
  const known = Object.keys(NativeEvent.shape);
  const names = head.map((name) => name.trim());
  const unknown = names.filter((name) => !known.includes(name));
  const missing = ['id', 'occurred_at', 'provider', 'model'].filter(
    (name) => !names.includes(name),
  );
  const repeated = names.filter((name, index) => names.indexOf(name) < index);
  if (unknown.length + missing.length + repeated.length === 0) return names;
  const problems = [
    ...unknown.map((name) => `unknown column "${name}"`),
    ...missing.map((name) => `missing column "${name}"`),
    ...repeated.map((name) => `repeated column "${name}"`),
  ];
  throw new AppError('ERR_INPUT', `${path}: ${problems.join(', ')}`, {
    fix: `use the native columns: ${known.join(', ')}`,
  });
}

/** A CSV cell has no type: an empty one is absent, JSON is read where the field holds no text. */
function toItem(record: Record<string, string>): Record<string, unknown> {
  const item: Record<string, unknown> = {};
  for (const [field, cell] of Object.entries(record)) {
    if (cell !== '') item[field] = readCell(field, cell);
  }
  return item;
}

function readCell(field: string, cell: string): unknown {
  if (!JSON_FIELDS.has(field)) return cell;
  try {
    return parseExactJson(cell);
  } catch {
    return cell;
  }
}

async function* inBatches(lines: AsyncGenerator<Line>): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length < BATCH_SIZE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function problemsOf(batch: Line[], results: ItemResult[]): LineProblem[] {
  return results.flatMap((result, index) => {
    const line = batch[index]?.line ?? 0;
    if (result.result === 'rejected') {
      return [{ line, id: result.id, problem: `${result.field} ${result.reason}`.trim() }];
    }
    if (result.result !== 'conflict') return [];
    return [{ line, id: result.id, problem: 'this id was booked before with another content' }];
  });
}
