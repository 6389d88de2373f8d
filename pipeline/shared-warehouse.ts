// Pure: the statements that open a shared warehouse and those that lock any warehouse down. Runs none.
import { join } from 'node:path';
import { quote, type SharedLocation } from './warehouse-location.ts';

/** What does not fit is spilled to the staging folder: the worker stays below a gigabyte. */
const MEMORY_MAX = '400MB';
/** The file of an extension where it is another than its name. */
const FILE_NAMES: Record<string, string> = { postgres: 'postgres_scanner' };

/** Where extensions come from: a folder of this machine, or DuckDB's own server. */
export interface ExtensionSource {
  dir: string | undefined;
  hasFile: (path: string) => boolean;
}

/**
 * Loads what a shared warehouse needs, then attaches it. With a folder nothing is fetched: it has
 * the files themselves, or DuckDB's own layout of version and platform.
 */
export function openingStatements(
  { extensions, open }: Pick<SharedLocation, 'extensions' | 'open'>,
  { dir, hasFile }: ExtensionSource,
): string[] {
  if (dir === undefined) {
    return [...extensions.flatMap((name) => [`install ${name}`, `load ${name}`]), ...open];
  }
  const loads = extensions.map((name) => {
    const file = join(dir, `${FILE_NAMES[name] ?? name}.duckdb_extension`);
    return hasFile(file) ? `load ${quote(file)}` : `load ${name}`;
  });
  return [...NO_FETCHING, `set extension_directory = ${quote(dir)}`, ...loads, ...open];
}

const NO_FETCHING = [
  'set autoinstall_known_extensions = false',
  'set autoload_known_extensions = false',
];

/** After these no statement reaches a file outside the folders, the network or a setting. */
export function lockingStatements(folders: string[], stagingDir: string): string[] {
  return [
    `set TimeZone = 'UTC'`,
    // No select of ours relies on the order of rows; loading without it is faster.
    'set preserve_insertion_order = false',
    ...NO_FETCHING,
    `set memory_limit = '${MEMORY_MAX}'`,
    `set temp_directory = ${quote(join(stagingDir, 'spill'))}`,
    `set allowed_directories = [${[stagingDir, ...folders].map(quote).join(', ')}]`,
    'set enable_external_access = false',
    'set lock_configuration = true',
  ];
}
