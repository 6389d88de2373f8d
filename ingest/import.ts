// Loads a file of native events, NDJSON or CSV, through the same parsing and storing as a request.
// Running it again adds nothing, because every event keeps its own id.
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { parse as parseCsv } from 'csv-parse';
import { AppError, messageOf } from '../core/errors.ts';
import type { ItemResult, StoreUsage } from './store/usage-events.ts';
import type { ParsedItem } from './usage/event.ts';
import { NativeEvent, parseNativeItem } from './usage/native.ts';
import { parseLine } from './usage/request-body.ts';

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
  /** Told after each batch: the counts so far and what was not stored, with 1-based line numbers. */
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
const RECORD_BYTES_MAX = 1024 * 1024;
const NUMBER_FIELDS = new Set(['input_tokens', 'output_tokens', 'latency_ms']);
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** Imports a file. Throws ERR_INPUT when it cannot be read or its columns are not the native ones. */
export async function importFile({ path, clientId, storeUsage, onBatch }: ImportOptions): Promise<ImportCounts> {
  const counts: ImportCounts = { accepted: 0, duplicate: 0, conflict: 0, rejected: 0 };
  for await (const batch of inBatches(readItems(path))) {
    const results = await storeUsage(clientId, batch.map(({ item }) => item));
    for (const { result } of results) counts[result] += 1;
    onBatch?.(counts, problemsOf(batch, results));
  }
  return counts;
}

/** Reads a file's items one by one; the ending decides the format. */
export async function* readItems(path: string): AsyncGenerator<Line> {
  const isCsv = extname(path).toLowerCase() === '.csv';
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

async function* readNdjson(path: string): AsyncGenerator<Line> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() !== '') yield { line, item: parseLine(text) };
  }
}

async function* readCsv(path: string): AsyncGenerator<Line> {
  const rows = createReadStream(path).pipe(
    parseCsv({
      columns: (head: string[]) => checkColumns(path, head),
      bom: true,
      info: true,
      skip_empty_lines: true,
      max_record_size: RECORD_BYTES_MAX,
    }),
  );
  for await (const { record, info } of rows) {
    yield { line: info.lines, item: parseNativeItem(toItem(record)) };
  }
}

function checkColumns(path: string, head: string[]): string[] {
  const known = Object.keys(NativeEvent.shape);
  const names = head.map((name) => name.trim());
  const unknown = names.filter((name) => !known.includes(name));
  const missing = ['id', 'occurred_at', 'provider', 'model'].filter((name) => !names.includes(name));
  if (unknown.length === 0 && missing.length === 0) return names;
  const problems = [
    ...unknown.map((name) => `unknown column "${name}"`),
    ...missing.map((name) => `missing column "${name}"`),
  ];
  throw new AppError('ERR_INPUT', `${path}: ${problems.join(', ')}`, {
    fix: `use the native columns: ${known.join(', ')}`,
  });
}

/** A CSV cell has no type: an empty one is absent, a number is read where the field holds one. */
function toItem(record: Record<string, string>): Record<string, unknown> {
  const item: Record<string, unknown> = {};
  for (const [field, cell] of Object.entries(record)) {
    if (cell !== '') item[field] = readCell(field, cell);
  }
  return item;
}

function readCell(field: string, cell: string): unknown {
  if (NUMBER_FIELDS.has(field) && NUMBER.test(cell)) return Number(cell);
  if (field !== 'metadata') return cell;
  try {
    return JSON.parse(cell);
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
