// What a shared warehouse lacks: constructs that DuckLake 1.0 or MotherDuck refuse or, worse, take and keep
// otherwise. For tests alone, which hold every statement and every column to it.

interface Lack {
  pattern: RegExp;
  why: string;
  /** A statement that the pattern must find. */
  example: string;
}

/** Statements that must not be. */
export const LACKS: readonly Lack[] = [
  {
    pattern: /\bcreate\s+(?:unique\s+)?index\b/i,
    why: 'DuckLake has no indexes',
    example: 'create index i on raw.t (a)',
  },
  {
    pattern: /\b(?:primary\s+key|foreign\s+key|references|unique|check)\b(?=\s*\(|\s*,|\s*\))/i,
    why: 'DuckLake holds no constraint but not null',
    example: 'create table raw.t (a integer primary key)',
  },
  {
    pattern: /\bcreate\s+(?:or\s+replace\s+)?(?:sequence|type|macro|function)\b/i,
    why: 'DuckLake has no sequences and no types of one’s own',
    example: "create type mood as enum ('a')",
  },
  { pattern: /\bnextval\b/i, why: 'DuckLake has no sequences', example: "select nextval('s')" },
  {
    pattern: /\browid\b/i,
    why: 'a row of Parquet keeps no such number over a merge of files',
    example: 'select rowid from raw.t',
  },
  { pattern: /\bcascade\b/i, why: 'DuckLake drops alone', example: 'drop table raw.t cascade' },
  {
    pattern: /\bgenerated\s+always\b|\bas\s*\([^)]*\)\s+(?:virtual|stored)\b/i,
    why: 'DuckLake computes no columns',
    example: 'create table raw.t (a integer, b integer generated always as (a + 1))',
  },
  {
    pattern: /\bdefault\s+(?!(?:null|true|false|-?\d|'))/i,
    why: 'DuckLake takes literals alone as defaults',
    example: 'create table raw.t (at timestamptz default current_timestamp)',
  },
  {
    pattern: /\bcollate\b/i,
    why: 'DuckLake keeps no collation',
    example: 'create table raw.t (a varchar collate nocase)',
  },
  {
    pattern: /\bon\s+conflict\b|\binsert\s+or\s+(?:replace|ignore)\b/i,
    why: 'without a key there is no conflict',
    example: 'insert into raw.t values (1) on conflict do nothing',
  },
  {
    pattern: /\b(?:vacuum|pragma|export\s+database|attach|detach|install|load)\s+\S/i,
    why: 'warehouse.ts alone opens and closes',
    example: 'pragma table_info(1)',
  },
];

/** Types of columns that Parquet keeps otherwise, or DuckLake not at all. */
export const LACKING_TYPES =
  /^(?:U?HUGEINT|VARINT|BIGNUM|BIT|UNION\b.*|ENUM\b.*|FLOAT|DOUBLE|.*\[\d+\])$/;

/** What of a statement a shared warehouse would not take. */
export function findLacks(sql: string): string[] {
  const bare = sql.replace(/--.*$/gm, '').replace(/'(?:[^']|'')*'/g, "''");
  return LACKS.filter(({ pattern }) => pattern.test(bare)).map(({ why }) => why);
}
