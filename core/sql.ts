// Loads the statements under sql/. One file holds one statement; its path is its name.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from './errors.ts';

export const SQL_DIR = join(import.meta.dirname, '..', 'sql');

const loaded = new Map<string, string>();

/** The statement at `name`, a path below sql/ without `.sql`. Throws ERR_SQL when there is none. */
export function loadSql(name: string): string {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  try {
    const text = readFileSync(join(SQL_DIR, `${name}.sql`), 'utf8')
      .trim()
      .replace(/;$/, '');
    loaded.set(name, text);
    return text;
  } catch (cause) {
    throw new AppError('ERR_SQL', `there is no statement sql/${name}.sql`, { cause });
  }
}

/** Names of all statements of a folder below sql/, sorted. */
export function listSql(folder: string): string[] {
  return readdirSync(join(SQL_DIR, folder))
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => `${folder}/${file.slice(0, -'.sql'.length)}`);
}
