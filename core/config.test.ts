// Rules of the configuration: all problems in one message, no secret in it, and an example file
// that names every variable there is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMPOSE_VARIABLES, loadConfig, VARIABLES } from './config.ts';
import { AppError } from './errors.ts';

const PROJECT = '/srv/daybook';

function problemsOf(env: Record<string, string>): string {
  try {
    loadConfig(env, PROJECT);
  } catch (error) {
    if (error instanceof AppError && error.code === 'ERR_CONFIG') return error.message;
    throw error;
  }
  return '';
}

describe('loadConfig', () => {
  test('needs nothing: every variable has a default', () => {
    expect(loadConfig({}, PROJECT)).toEqual({
      homeDir: '/srv/daybook/.daybook',
      databaseUrl: undefined,
      databaseAppUrl: undefined,
      databasePipelineUrl: undefined,
      host: '127.0.0.1',
      port: 8080,
      ...{ metricsHost: '127.0.0.1', metricsPort: undefined, workerMetricsPort: undefined },
      ...{ warehouseUrl: undefined, duckdbExtensionDir: undefined },
      smtpUrl: undefined,
      mailFrom: 'daybook@daybook.example',
      chromiumPath: undefined,
      logLevel: 'info',
      sms: {
        ...{ twilio: undefined, openai: undefined, alertTo: undefined, answersKeywords: false },
        ...{ model: 'gpt-4o-mini', transcriptionModel: 'whisper-1', modelTimeoutMs: 60_000 },
        modelRetries: 2,
        systemPrompt: expect.stringContaining('text message'),
        memory: { turns: 6, tokens: 1_500 },
        monthlyLimits: { free: 50, premium: 500, enterprise: 5_000 },
        segmentCaps: { free: 2, premium: 4, enterprise: 6 },
        numberCap: { segments: 100, cost: '2.00' },
        clientCap: { segments: 10_000, cost: '200' },
        ...{ modelNumberCap: '1.00', modelClientCap: '100.00', modelCallCost: '0.01' },
      },
    });
  });

  test('takes all of Twilio or nothing, and two tokens while one replaces the other', () => {
    const token = (digit: string) => digit.repeat(32);
    const env = {
      TWILIO_ACCOUNT_SID: `AC${token('0')}`,
      TWILIO_AUTH_TOKEN: `${token('a')},${token('b')}`,
      PUBLIC_URL: 'https://sms.acme.example',
    };
    expect(loadConfig(env, PROJECT).sms.twilio).toEqual({
      accountSid: env.TWILIO_ACCOUNT_SID,
      authTokens: [token('a'), token('b')],
      publicUrl: env.PUBLIC_URL,
      baseUrl: undefined,
    });
    expect(problemsOf({ ...env, PUBLIC_URL: '' })).toContain(
      'PUBLIC_URL not set; texts need all of',
    );
  });

  test('takes an empty variable for one that is not set', () => {
    const empty = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, '']));
    expect(loadConfig(empty, PROJECT)).toEqual(loadConfig({}, PROJECT));
  });

  test('leaves an absolute home where it is and resolves a relative one in the project', () => {
    expect(loadConfig({ DAYBOOK_HOME: '/var/books' }, PROJECT).homeDir).toBe('/var/books');
    expect(loadConfig({ DAYBOOK_HOME: 'state/../books' }, PROJECT).homeDir).toBe(
      '/srv/daybook/books',
    );
  });

  test.each([
    ['lake.duckdb', '/srv/daybook/lake.duckdb'],
    ['/mnt/lake.duckdb', '/mnt/lake.duckdb'],
    ['ducklake:postgres:host=db data_path=/x', 'ducklake:postgres:host=db data_path=/x'],
    ['md:daybook', 'md:daybook'],
  ])('takes %s for the warehouse %s', (told, taken) => {
    expect(loadConfig({ WAREHOUSE_URL: told }, PROJECT).warehouseUrl).toBe(taken);
  });

  test('cannot be changed afterwards', () => {
    const config = loadConfig({}, PROJECT) as { port: number };
    expect(() => {
      config.port = 1;
    }).toThrow(TypeError);
  });

  test('names every problem at once, with variable, value, expectation and example', () => {
    const message = problemsOf({
      DATABASE_URL: 'mysql://localhost/books',
      DATABASE_APP_URL: 'localhost:5432',
      DATABASE_PIPELINE_URL: 'http://localhost',
      HOST: 'not a host',
      PORT: '80800',
      ...{ METRICS_HOST: 'a b', METRICS_PORT: 'on', WORKER_METRICS_PORT: '70000' },
      ...{ WAREHOUSE_URL: 'postgres://lake:pw@host/lake', DUCKDB_EXTENSION_DIR: 'extensions' },
      ...{ DISK_LOW_MB: '1 GB', DISK_CRITICAL_MB: '0' },
      SMTP_URL: 'mail.example.com',
      PUPPETEER_EXECUTABLE_PATH: 'chromium',
      LOG_LEVEL: 'loud',
      TWILIO_ACCOUNT_SID: 'SK1',
      TWILIO_AUTH_TOKEN: 'secret',
      PUBLIC_URL: 'daybook.example.com',
      TWILIO_BASE_URL: 'twilio',
      OPENAI_API_KEY: 'key',
      OPENAI_BASE_URL: 'openai',
      SMS_MODEL: 'gpt 4',
      SMS_TRANSCRIPTION_MODEL: '',
      SMS_MODEL_TIMEOUT: '0',
      SMS_MODEL_RETRIES: '6',
      SMS_MEMORY_TURNS: '51',
      SMS_MEMORY_TOKENS: 'x',
      SMS_MONTHLY_LIMITS: 'free:50,premium:500',
      SMS_SEGMENT_CAPS: 'free:11,premium:4,enterprise:6',
      SMS_NUMBER_CAP: '100',
      SMS_CLIENT_CAP: '-1:1',
      ...{ SMS_MODEL_NUMBER_CAP: '1:2', SMS_MODEL_CLIENT_CAP: '-1', SMS_MODEL_CALL_COST: 'x' },
      SMS_KEYWORD_REPLIES: 'yes',
      ALERT_TO: 'me',
      SMS_SYSTEM_PROMPT: 'x'.repeat(8_001),
    });
    expect(message).toContain('37 problems');
    const always = ['DAYBOOK_HOME', 'SMS_TRANSCRIPTION_MODEL'];
    for (const name of Object.keys(VARIABLES)) {
      if (!always.includes(name)) expect(message).toContain(`\n  ${name} is `);
    }
    expect(message).toContain(
      'PORT is "80800"; expected a whole number from 0 to 65535, for example 8080',
    );
  });

  test('asks for MAIL_FROM with SMTP_URL, whether or not SMTP_URL itself is right', () => {
    expect(problemsOf({ SMTP_URL: 'smtp://mail.example.com' })).toMatch(
      /1 problem:\n {2}MAIL_FROM/,
    );
    expect(problemsOf({ SMTP_URL: 'mail.example.com' })).toMatch(
      /2 problems:\n {2}SMTP_URL[\s\S]*MAIL_FROM/,
    );
    expect(problemsOf({ SMTP_URL: 'smtp://mail.example.com', MAIL_FROM: 'a@b.example' })).toBe('');
  });

  test.each(['80.5', '-1', '0x50', '1e3', ' ', '8080 ', '65536'])(
    'refuses "%s" as a port',
    (PORT) => {
      expect(problemsOf({ PORT })).toContain('PORT is');
    },
  );

  test.each(['0', '65535'])('takes %s as a port', (PORT) => {
    expect(loadConfig({ PORT }, PROJECT).port).toBe(Number(PORT));
  });

  test('masks secrets, whichever part of them is wrong', () => {
    const secret = 'correct-horse-battery';
    const secrets = ['DATABASE_URL', 'DATABASE_APP_URL', 'DATABASE_PIPELINE_URL', 'SMTP_URL'];
    for (const name of secrets) {
      for (const value of [`x://owner:${secret}@host/db`, secret, `owner:${secret}`]) {
        const message = problemsOf({ [name]: value, MAIL_FROM: 'a@b.example' });
        expect(message).toContain(`${name} is `);
        expect(message).not.toContain(secret.slice(4));
      }
    }
    // Control: a value that is no secret is shown, so the check above could have seen one.
    expect(problemsOf({ HOST: `x ${secret}` })).toContain(secret);
  });
});

describe('.env', () => {
  test('a name that nothing reads is a problem, told with all others', () => {
    const load = () => loadConfig({ PORT: 'x' }, '/', ['DATABSE_URL', 'POSTGRES_PASSWORD', 'PORT']);
    expect(load).toThrow(
      /2 problems:\n {2}DATABSE_URL in \.env is read by nothing[\s\S]*PORT is "x"/,
    );
  });
});

describe('.env.example', () => {
  const lines = readFileSync(join(import.meta.dirname, '..', '.env.example'), 'utf8').split('\n');
  const entries = lines.flatMap((line, index) => {
    const [, name, value] = /^#? ?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    return name === undefined
      ? []
      : [{ name, value: value ?? '', line, comment: lines[index - 1] ?? '' }];
  });

  test('names exactly the variables that are read, in the same order', () => {
    const known = [...Object.keys(VARIABLES), ...COMPOSE_VARIABLES];
    expect(entries.map(({ name }) => name)).toEqual(known);
  });

  test('comments each variable and sets none, so that a copy of it changes nothing', () => {
    for (const { line, comment } of entries) {
      expect(line).toMatch(/^# /);
      expect(comment).toMatch(/^# [A-Z].*\.$/);
    }
  });

  test('shows for each variable the example that errors show, and it is valid', () => {
    for (const { name, value } of entries) {
      if (COMPOSE_VARIABLES.includes(name)) continue;
      expect(value).toBe(VARIABLES[name as keyof typeof VARIABLES].example);
    }
    expect(problemsOf(Object.fromEntries(entries.map(({ name, value }) => [name, value])))).toBe(
      '',
    );
  });
});
