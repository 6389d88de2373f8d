// The design as a test: sizes, headers, the direction of imports, one home for each driver, no dead
// file, a complete catalogue. Each failure says `path:line: problem, do X`.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { CATALOG } from '../reports/catalog.ts';
import { PROJECT_DIR } from './support.ts';

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 70;
const COLUMNS_MAX = 100;

/** What each folder may import besides itself; `bin` wires all, `test` and `bench` look at all. */
const MAY_IMPORT: Record<string, string[]> = {
  core: [],
  ingest: ['core'],
  pipeline: ['core'],
  reports: ['core', 'pipeline'],
  demo: ['core'],
  bin: ['core', 'ingest', 'pipeline', 'reports', 'demo', 'test/stand-ins'],
  bench: ['core', 'ingest', 'pipeline', 'reports', 'demo', 'bin', 'test/stand-ins'],
  test: ['core', 'ingest', 'pipeline', 'reports', 'demo', 'bin', 'test/stand-ins'],
};
/** Of the tests only what the demo starts too. */
const STAND_INS = 'test/stand-ins/';

/** The one file that may import each driver. */
const DRIVER_HOMES: Record<string, string> = {
  pg: 'core/postgres.ts',
  'pg-copy-streams': 'core/postgres.ts',
  'node-pg-migrate': 'core/migrate.ts',
  'decimal.js': 'core/money.ts',
  express: 'ingest/app.ts',
  twilio: 'ingest/twilio/api.ts',
  openai: 'ingest/agent/model.ts',
  protobufjs: 'ingest/usage/otlp/protobuf.ts',
  '@duckdb/node-api': 'pipeline/warehouse.ts',
  'node-cron': 'pipeline/scheduler.ts',
  handlebars: 'reports/render-html.ts',
  puppeteer: 'reports/browser.ts',
  exceljs: 'reports/render-xlsx.ts',
  nodemailer: 'reports/smtp.ts',
  pngjs: 'reports/bar-image.ts',
};

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: PROJECT_DIR,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(PROJECT_DIR, path)));
const code = tracked.filter((path) => /\.(ts|js)$/.test(path));
const shipped = code.filter((path) => !path.endsWith('.test.ts') && !path.startsWith('test/'));

test('files, functions and lines keep their limits', () => {
  expect(code.flatMap(tooLarge)).toEqual([]);
});

test('every file opens with what it is for', () => {
  const silent = code.filter((path) => !/^(#!.*\n)?\/\/ \S/.test(read(path)));
  expect(silent.map((path) => `${path}:1: no opening comment, say what the file is for`)).toEqual(
    [],
  );
});

test('imports run one way', () => {
  const wrong = code.flatMap((path) => {
    const folder = path.split('/')[0] ?? '';
    if (path.endsWith('.test.ts') || MAY_IMPORT[folder] === undefined) return [];
    return importsOf(path)
      .filter((name) => name.startsWith('.'))
      .map((name) => normalize(join(dirname(path), name)))
      .map((file) => (file.startsWith(STAND_INS) ? 'test/stand-ins' : (file.split('/')[0] ?? '')))
      .filter((target) => target !== folder && !MAY_IMPORT[folder]?.includes(target))
      .map(
        (target) =>
          `${path}: imports ${target}/, only ${MAY_IMPORT[folder]?.join(', ')} are allowed`,
      );
  });
  expect(wrong).toEqual([]);
});

test('the stand-ins need nothing but Node and what is shipped', () => {
  const wrong = code.flatMap((path) =>
    path.startsWith(STAND_INS)
      ? importsOf(path)
          .filter((name) => !name.startsWith('node:'))
          .filter((name) => !/^(\.\/|\.\.\/\.\.\/(core|ingest)\/)[\w./-]+\.ts$/.test(name))
          .map((name) => `${path}: imports ${name}, the demo would miss it`)
      : [],
  );
  expect(wrong).toEqual([]);
});

test('each driver has one home', () => {
  const driverOf = (name: string) =>
    Object.keys(DRIVER_HOMES).find((driver) => name === driver || name.startsWith(`${driver}/`));
  const wrong = shipped.flatMap((path) =>
    importsOf(path)
      .filter((name) => !isTypeImport(path, name))
      .map((name) => DRIVER_HOMES[driverOf(name) ?? ''])
      .filter((home) => home !== undefined && home !== path)
      .map((home) => `${path}: imports a driver, go through ${home}`),
  );
  expect(wrong).toEqual([]);
});

test('the environment is read by the configuration alone', () => {
  const allowed = new Set([
    'core/config.ts',
    'core/embedded-postgres.ts',
    'bin/context.ts',
    'bin/daybook.ts',
    'reports/browser.ts',
  ]);
  const readers = shipped.filter(
    (path) => !path.startsWith('bench/') && read(path).includes('process.env'),
  );
  expect(readers.filter((path) => !allowed.has(path))).toEqual([]);
});

test('no file is dead', () => {
  const imported = new Set(
    code.flatMap((path) => importsOf(path).map((name) => normalize(join(dirname(path), name)))),
  );
  const entries = [
    'bin/daybook.ts',
    'bench/run.ts',
    'bench/growth-worker.ts',
    'bench/ingest-server.ts',
    'bench/sms-server.ts',
    'vitest.config.ts',
    'vitest.prove.config.ts',
    'test/global-setup.ts',
  ];
  const dead = shipped.filter((path) => !imported.has(path) && !entries.includes(path));
  expect(dead.map((path) => `${path}: nothing imports it, remove it`)).toEqual([]);
});

test('every statement, template and style is used', () => {
  const sources = tracked
    .filter((path) => /\.(ts|hbs)$/.test(path))
    .map((path) => read(path))
    .join('\n');
  const dead = tracked.filter((path) => {
    const name = basename(path).replace(/\.\w+$/, '');
    if (/^sql\/(postgres\/queries|duckdb\/(reports|checks|raw))\//.test(path)) {
      return (
        !sources.includes(name) && !sources.includes(name.replace(/^(copy|insert)_.*/, '$1_$'))
      );
    }
    return /^templates\/(partials|styles|layouts|emails)\//.test(path) && !sources.includes(name);
  });
  expect(dead.map((path) => `${path}: nothing uses it, remove it`)).toEqual([]);
});

test('every report of the catalogue has its templates', () => {
  for (const { name } of CATALOG) {
    for (const folder of ['reports', 'emails']) {
      const path = `templates/${folder}/${name}.hbs`;
      expect(tracked, `${path}: missing, add it`).toContain(path);
    }
  }
});

test('templates hold no unescaped value', () => {
  const unescaped = tracked
    .filter((path) => path.endsWith('.hbs'))
    .filter((path) => /\{\{\{|\{\{&/.test(read(path)));
  expect(unescaped).toEqual([]);
});

test('nothing unfinished is left', () => {
  const words = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'BENCH' + '_'].join('|'));
  const left = tracked.filter(
    (path) => /\.(ts|sql|hbs|css|md|yml|sh)$/.test(path) && words.test(read(path)),
  );
  expect(left).toEqual([]);
});

test('the README explains every dependency', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const names = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  const readme = read('README.md');
  const missing = names.filter((name) => !readme.includes(`\`${name}\``));
  expect(missing.map((name) => `README.md: say why ${name} is there`)).toEqual([]);
});

test('the limits are seen when they are broken', () => {
  const long = ['function much() {', ...Array(FUNCTION_LINES_MAX + 1).fill('  work();'), '}'];
  expect(longFunctions('made-up.ts', long)).toHaveLength(1);
  expect(longLines('made-up.ts', ['x'.repeat(COLUMNS_MAX + 1)])).toHaveLength(1);
});

function tooLarge(path: string): string[] {
  const lines = read(path).trimEnd().split('\n');
  const file =
    lines.length > FILE_LINES_MAX ? [`${path}: ${lines.length} lines, split the file`] : [];
  return [...file, ...longFunctions(path, lines), ...longLines(path, lines)];
}

/** A formatted function ends at the first closing brace with its own indentation. */
function longFunctions(path: string, lines: string[]): string[] {
  return lines.flatMap((line, index) => {
    const indent = /^(\s*)(?:export )?(?:default )?(?:async )?function\b/.exec(line)?.[1];
    if (indent === undefined) return [];
    const length = lines.slice(index).indexOf(`${indent}}`) + 1;
    return length > FUNCTION_LINES_MAX
      ? [`${path}:${index + 1}: ${length} lines, split the function`]
      : [];
  });
}

function longLines(path: string, lines: string[]): string[] {
  return lines.flatMap((line, index) => {
    // A quoted text or pattern that cannot be broken may stand alone on its line.
    const isUnbreakable = /^\s*(['"`/<]|\w+: ['"`]|return `|const \w+ =$)/.test(line);
    const isLong = [...line].length > COLUMNS_MAX && !isUnbreakable;
    return isLong ? [`${path}:${index + 1}: over ${COLUMNS_MAX} columns, break the line`] : [];
  });
}

function importsOf(path: string): string[] {
  const pattern = /(?:^|\n)(?:import|export)[\s\S]*?from '([^']+)'|import\('([^']+)'\)/g;
  return [...read(path).matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
}

function isTypeImport(path: string, name: string): boolean {
  return new RegExp(`import type [^;]*from '${name}'`).test(read(path));
}

function read(path: string): string {
  return readFileSync(join(PROJECT_DIR, path), 'utf8');
}
