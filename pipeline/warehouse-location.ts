// Pure: where the warehouse is, from its path or WAREHOUSE_URL, and the statements that open a shared one.
// Beside warehouse.ts, the only place that knows of DuckLake and MotherDuck.
import { isAbsolute } from 'node:path';
import { AppError } from '../core/errors.ts';

/** A file that one process holds at a time. */
export interface FileLocation {
  kind: 'file';
  path: string;
}

/** A catalog that processes share, attached under the name `ATTACHED_AS`. */
export interface SharedLocation {
  kind: 'ducklake' | 'motherduck';
  /** What may be told of it. */
  shown: string;
  /** DuckDB's extensions, in the order of loading. */
  extensions: string[];
  /** Run in order, after the extensions are loaded and before everything is locked. */
  open: string[];
  /** Where data files are, so that statements may reach them. */
  folders: string[];
  /** Run when nothing of what was is to be kept, not even in older snapshots. */
  purge: string[];
  /** What no message may hold. */
  secrets: string[];
}

export type Location = FileLocation | SharedLocation;

/** Within DuckDB; never shown to anybody. */
const ATTACHED_AS = 'daybook';
/** The schema of DuckLake's own tables in Postgres, so that they may share the books' database. */
const METADATA_SCHEMA = 'daybook_lake';
const LAKE_PREFIX = 'ducklake:postgres:';
const DUCK_PREFIX = 'md:';
const SHOWN_WORDS = ['host', 'port', 'dbname'];

/** Reads where the warehouse is. Throws ERR_CONFIG, without any secret. */
export function readLocation(path: string, url: string | undefined): Location {
  if (url === undefined) return { kind: 'file', path };
  if (url.startsWith(LAKE_PREFIX)) return readLake(url);
  if (url.startsWith(DUCK_PREFIX)) return readDuck(url);
  return { kind: 'file', path: url };
}

/** The message without what is secret of a location. */
export function withoutSecrets({ secrets }: Pick<SharedLocation, 'secrets'>, text: string): string {
  const longestFirst = secrets
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length);
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
}

function readLake(url: string): SharedLocation {
  const words = lakeWords(url);
  const take = (name: string) => {
    const value = words.get(name);
    words.delete(name);
    return value;
  };
  const dataPath = readDataPath(take('data_path'));
  const endpoint = take('s3_endpoint');
  const region = take('s3_region');
  const isRemote = dataPath.startsWith('s3://');
  const libpq = [...words].map(([name, value]) => `${name}=${quoteWord(value)}`).join(' ');
  const shown = [...words].filter(([name]) => SHOWN_WORDS.includes(name));
  const password = words.get('password') ?? '';
  const place = `data_path ${quote(dataPath)}, metadata_schema ${quote(METADATA_SCHEMA)}`;
  return {
    kind: 'ducklake',
    shown: `DuckLake ${shown.map((word) => word.join('=')).join(' ')}, ${dataPath}`,
    extensions: ['ducklake', 'postgres', ...(isRemote ? ['httpfs', 'aws'] : [])],
    open: [
      ...(isRemote ? [objectSecret(endpoint, region)] : []),
      `attach ${quote(`${LAKE_PREFIX}${libpq}`)} as ${ATTACHED_AS} (${place})`,
      `use ${ATTACHED_AS}`,
    ],
    folders: [dataPath],
    purge: [
      `call ducklake_expire_snapshots('${ATTACHED_AS}', older_than => now())`,
      `call ducklake_cleanup_old_files('${ATTACHED_AS}', cleanup_all => true)`,
    ],
    secrets: [url, libpq, password, quoteWord(password)],
  };
}

/** Keys come from where AWS's own programs take them: environment, profile or the machine's role. */
function objectSecret(endpoint: string | undefined, region: string | undefined): string {
  const options = ['type s3', 'provider credential_chain'];
  if (region !== undefined) options.push(`region ${quote(region)}`);
  if (endpoint !== undefined) {
    const { host, protocol } = new URL(endpoint);
    options.push(`endpoint ${quote(host)}`, `url_style 'path'`, `use_ssl ${protocol === 'https:'}`);
  }
  return `create secret daybook_objects (${options.join(', ')})`;
}

/** The words of a libpq connection string, or the parts of its URL form. */
function lakeWords(url: string): Map<string, string> {
  const told = url.slice(LAKE_PREFIX.length);
  if (!told.startsWith('//')) return readWords(told);
  const parsed = URL.parse(`postgres:${told}`);
  if (parsed === null) throw refusal('it is no URL');
  const { hostname, port, username, password, pathname, searchParams } = parsed;
  const words = new Map<string, string>();
  const parts = { host: hostname, port, user: username, password, dbname: pathname.slice(1) };
  for (const [name, value] of Object.entries(parts)) {
    if (value !== '') words.set(name, decodeURIComponent(value.replace(/^\[|\]$/g, '')));
  }
  for (const [name, value] of searchParams) words.set(name, value);
  return words;
}

const WORD = /\s*([a-z][a-z0-9_]*)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s']*))(?=\s|$)/y;

function readWords(text: string): Map<string, string> {
  const words = new Map<string, string>();
  WORD.lastIndex = 0;
  while (text.slice(WORD.lastIndex).trim() !== '') {
    const [, name, quoted, plain] = WORD.exec(text) ?? [];
    if (name === undefined) throw refusal('after ducklake:postgres: it needs name=value words');
    words.set(name, (quoted ?? plain ?? '').replace(/\\(.)/g, '$1'));
  }
  return words;
}

/** Ends with a slash, as DuckLake keeps it. */
function readDataPath(told: string | undefined): string {
  if (told === undefined || told === '')
    throw refusal('it does not say data_path, where the Parquet files go');
  const isKnown = isAbsolute(told) || /^s3:\/\/[\w.-]+/.test(told);
  if (!isKnown) throw refusal('its data_path is neither an absolute folder nor s3://bucket/…');
  return told.endsWith('/') ? told : `${told}/`;
}

function readDuck(url: string): SharedLocation {
  const [, name = '', query = ''] = /^md:([\w-]+)(?:\?(.*))?$/.exec(url) ?? [];
  if (name === '') throw refusal('after md: it needs the name of a database');
  const token = new URLSearchParams(query).get('motherduck_token');
  return {
    kind: 'motherduck',
    shown: `MotherDuck ${name}`,
    extensions: ['motherduck'],
    open: [
      ...(token === null ? [] : [`set motherduck_token = ${quote(token)}`]),
      `attach ${quote(`${DUCK_PREFIX}${name}`)}`,
      `use "${name}"`,
    ],
    folders: [],
    purge: [],
    secrets: [url, token ?? ''],
  };
}

function refusal(problem: string): AppError {
  return new AppError('ERR_CONFIG', `WAREHOUSE_URL does not name a warehouse: ${problem}`, {
    fix: 'see WAREHOUSE_URL in .env.example, and "Growing past one machine" in the README',
  });
}

/** As a text of SQL. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** As a value of a libpq connection string. */
function quoteWord(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
