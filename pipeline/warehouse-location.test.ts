// Where the warehouse is: what each address means, the statements that would open it, and that no secret
// of it is ever told.
import { describe, expect, test } from 'vitest';
import { makeTestFolder } from '../core/test-support.ts';
import { lockingStatements, openingStatements } from './shared-warehouse.ts';
import { openWarehouse } from './warehouse.ts';
import { readLocation, type SharedLocation, withoutSecrets } from './warehouse-location.ts';

const FILE = '/home/warehouse.duckdb';
const LAKE =
  "ducklake:postgres:host=db port=5433 dbname=lake user=duck password='it''s \\'x' data_path=/mnt/lake";

const shared = (url: string) => readLocation(FILE, url) as SharedLocation;

describe('an address', () => {
  test('that is not set, or is a path, is a file', () => {
    expect(readLocation(FILE, undefined)).toEqual({ kind: 'file', path: FILE });
    expect(readLocation(FILE, '/mnt/w.duckdb')).toEqual({ kind: 'file', path: '/mnt/w.duckdb' });
  });

  test('of DuckLake is attached with its data path, as URL and as words', () => {
    const url =
      'ducklake:postgres://duck:p%40ss%2Fword@db:5433/lake?data_path=/mnt/lake&sslmode=require';
    expect(shared(url)).toMatchObject({
      kind: 'ducklake',
      shown: 'DuckLake host=db port=5433 dbname=lake, /mnt/lake/',
      extensions: ['ducklake', 'postgres'],
      open: [
        "attach 'ducklake:postgres:host=''db'' port=''5433'' user=''duck'' " +
          "password=''p@ss/word'' dbname=''lake'' sslmode=''require''' as daybook " +
          "(data_path '/mnt/lake/', metadata_schema 'daybook_lake')",
        'use daybook',
      ],
      folders: ['/mnt/lake/'],
    });
    const words = "ducklake:postgres:host=db dbname='a b' password='it\\'s' data_path=/mnt/lake/";
    expect(shared(words).open[0]).toBe(
      "attach 'ducklake:postgres:host=''db'' dbname=''a b'' password=''it\\''s''' as daybook " +
        "(data_path '/mnt/lake/', metadata_schema 'daybook_lake')",
    );
  });

  test('of an object store takes its keys from where AWS’s programs do', () => {
    const lake = shared(
      'ducklake:postgres://db/lake?data_path=s3://bucket/daybook&s3_endpoint=http://minio:9000&s3_region=eu',
    );
    expect(lake.extensions).toEqual(['ducklake', 'postgres', 'httpfs', 'aws']);
    expect(lake.open[0]).toBe(
      "create secret daybook_objects (type s3, provider credential_chain, region 'eu', " +
        "endpoint 'minio:9000', url_style 'path', use_ssl false)",
    );
    expect(lake.folders).toEqual(['s3://bucket/daybook/']);
  });

  test('of MotherDuck sets its token apart from the address', () => {
    expect(shared('md:daybook?motherduck_token=ey.abc')).toMatchObject({
      kind: 'motherduck',
      shown: 'MotherDuck daybook',
      open: ["set motherduck_token = 'ey.abc'", "attach 'md:daybook'", 'use "daybook"'],
    });
    expect(shared('md:daybook').open).toEqual(["attach 'md:daybook'", 'use "daybook"']);
  });

  test.each([
    ['ducklake:postgres://db/lake', 'data_path'],
    ['ducklake:postgres://db/lake?data_path=lake', 'neither an absolute folder'],
    ['ducklake:postgres://db/lake?data_path=gs://bucket/', 'neither an absolute folder'],
    ['ducklake:postgres:hunter2', 'name=value'],
    ["ducklake:postgres:password='hunter2 data_path=/x", 'name=value'],
    ['md:', 'name of a database'],
    ['md:a b', 'name of a database'],
  ])('that means nothing is refused, without being told: %s', (url, why) => {
    const refused = () => readLocation(FILE, url);
    expect(refused).toThrow(why);
    expect(refused).not.toThrow('hunter2');
  });
});

test('no quote in an address ends the text that it stands in', () => {
  const evil = shared("ducklake:postgres://x';drop@db/l';a?data_path=/mnt/o'x");
  const [attach = ''] = evil.open;
  // Outside of texts nothing is left but the statement's own words.
  const outside = attach.replace(/'(?:[^']|'')*'/g, '?');
  expect(outside).toBe('attach ? as daybook (data_path ?, metadata_schema ?)');
});

test('a message never holds the address, the password or the token', () => {
  const lake = shared(LAKE.replace("it''s \\'x", 'hunter two'));
  for (const secret of lake.open)
    expect(withoutSecrets(lake, `unable to connect: ${secret}`)).not.toMatch(/hunter|two/);
  const duck = shared('md:daybook?motherduck_token=ey.hunter2');
  expect(withoutSecrets(duck, 'token ey.hunter2 has expired')).toBe('token … has expired');
  expect(lake.shown).not.toContain('hunter');
  expect(duck.shown).not.toContain('hunter');
});

describe('extensions', () => {
  const location = { extensions: ['ducklake', 'postgres'], open: ['attach …'] };

  test('are installed by name where no folder is set', () => {
    const source = { dir: undefined, hasFile: () => false };
    expect(openingStatements(location, source)).toEqual([
      ...['install ducklake', 'load ducklake', 'install postgres', 'load postgres', 'attach …'],
    ]);
  });

  test('come from the folder alone where one is set, as files or in the layout of DuckDB', () => {
    const hasFile = (path: string) => path === '/ext/postgres_scanner.duckdb_extension';
    expect(openingStatements(location, { dir: '/ext', hasFile })).toEqual([
      'set autoinstall_known_extensions = false',
      'set autoload_known_extensions = false',
      "set extension_directory = '/ext'",
      'load ducklake',
      "load '/ext/postgres_scanner.duckdb_extension'",
      'attach …',
    ]);
  });

  test('that are missing are an error of the configuration, the address unnamed', async () => {
    const folder = makeTestFolder();
    const paths = { warehouse: `${folder.path}/w`, staging: `${folder.path}/staging` };
    const url = 'ducklake:postgres://duck:hunter2@db.example.com/lake?data_path=/mnt/lake';
    const error = await openWarehouse({ ...paths, url, extensionDir: folder.path }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'ERR_CONFIG', fix: expect.stringContaining('ducklake') });
    expect(JSON.stringify([error, String(error), (error as Error).cause])).not.toContain('hunter2');
    folder.remove();
  });
});

test('locking down comes last, and lets statements reach the two folders alone', () => {
  const statements = lockingStatements(["/mnt/o'x/"], '/staging');
  expect(statements.slice(-3)).toEqual([
    "set allowed_directories = ['/staging', '/mnt/o''x/']",
    'set enable_external_access = false',
    'set lock_configuration = true',
  ]);
});
