// Copies the archive file by file, each held to the sha256 that the books have of it: into a backup,
// where a damaged one is named, and out of one, where it is refused.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hashFile } from './backup-catalog.ts';
import { AppError } from './errors.ts';

export interface CopiedArchive {
  files: number;
  bytes: number;
  /** Files that are gone or were changed since they were archived. */
  missing: string[];
}

interface Entry {
  sha256: string;
  bytes: number;
  path: string;
}

export interface ArchiveCopy {
  /** The list of what the books say is there. */
  list: string;
  from: string;
  to: string;
  onFile: (done: number) => void;
}

/** Copies what the list names and nothing else; a file that is there already is held to it too. */
export async function copyArchive({ list, from, to, onFile }: ArchiveCopy): Promise<CopiedArchive> {
  const copied: CopiedArchive = { files: 0, bytes: 0, missing: [] };
  for await (const entry of readList(list)) {
    if (await copyEntry(entry, from, to)) {
      copied.files += 1;
      copied.bytes += entry.bytes;
    } else copied.missing.push(entry.path);
    onFile(copied.files + copied.missing.length);
  }
  return copied;
}

/** Throws ERR_BACKUP when the folder holds files that the list does not name. */
export async function assertNoOthers(folder: string, list: string): Promise<void> {
  if (!existsSync(folder)) return;
  const known = new Set<string>();
  for await (const { path } of readList(list)) known.add(path);
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const others = found
    .filter((file) => !file.isDirectory())
    .map((file) => join(file.parentPath, file.name).slice(folder.length + 1))
    .filter((path) => !known.has(path));
  if (others.length === 0) return;
  throw new AppError('ERR_BACKUP', `${folder} holds ${others.length} files of other books`, {
    details: { first: others[0] },
    fix: 'restore beside an empty archive: set DAYBOOK_HOME to a new folder',
  });
}

/** The list may be long: line by line. */
async function* readList(list: string): AsyncGenerator<Entry> {
  const lines = createInterface({ input: createReadStream(list), crlfDelay: Infinity });
  let isHead = true;
  for await (const line of lines) {
    if (!isHead) yield readEntry(line, list);
    isHead = false;
  }
}

/** Paths of ours have no sign that CSV would quote; one that leaves the folder is refused. */
function readEntry(line: string, list: string): Entry {
  const found = /^([0-9a-f]{64}),(\d+),([^",]+)$/.exec(line);
  const [, sha256 = '', bytes = '', path = ''] = found ?? [];
  if (found !== null && !path.startsWith('/') && !path.split('/').includes('..'))
    return { sha256, bytes: Number(bytes), path };
  throw new AppError('ERR_BACKUP', `${list} has a line that names no archived file`);
}

/** False where the file is not what the books say. */
async function copyEntry({ sha256, path }: Entry, from: string, to: string): Promise<boolean> {
  const target = join(to, path);
  if (existsSync(target) && (await hashFile(target)) === sha256) return true;
  if (!existsSync(join(from, path))) return false;
  await mkdir(dirname(target), { recursive: true });
  const unfinished = `${target}.unfinished`;
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(bytes, _encoding, done) {
      hash.update(bytes);
      done(null, bytes);
    },
  });
  const file = createWriteStream(unfinished, { flush: true });
  await pipeline(createReadStream(join(from, path)), hashing, file);
  if (hash.digest('hex') !== sha256) {
    await rm(unfinished);
    return false;
  }
  await rename(unfinished, target);
  return true;
}
