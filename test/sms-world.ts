// A whole SMS world in one process for tests: books, ingest server and agent, and stand-ins of Twilio
// and OpenAI that they talk to over loopback.

import { createPool, query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl } from '../core/roles.ts';
import type { SmsConfig } from '../core/sms-config.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { type Agent, type AgentDeps, startAgent } from '../ingest/agent/agent.ts';
import { createErrorLog } from '../ingest/agent/error-log.ts';
import { createModel } from '../ingest/agent/model.ts';
import { createAuthenticator } from '../ingest/api/tokens.ts';
import { createPriceBook } from '../ingest/pricing/price-book.ts';
import { startIngest } from '../ingest/server.ts';
import { createMessageStore } from '../ingest/store/messages.ts';
import { addNumber } from '../ingest/store/numbers.ts';
import { createUsageStore } from '../ingest/store/usage-events.ts';
import { createTwilioApi, type TwilioApi } from '../ingest/twilio/api.ts';
import { createTwilioWebhooks } from '../ingest/twilio/webhooks.ts';
import { type OpenAiOptions, type OpenAiStandIn, startOpenAiStandIn } from './stand-ins/openai.ts';
import {
  startTwilioStandIn,
  type TwilioStandIn,
  type TwilioStandInOptions,
} from './stand-ins/twilio.ts';
import type { KeptMessage } from './stand-ins/twilio-messages.ts';
import { inboundForm, postSigned } from './stand-ins/twilio-webhooks.ts';

export const NUMBER = '+12025550123';
export const CLIENT = 'acme';
const PUBLIC_URL = 'https://sms.acme.example';

export interface SmsWorld {
  books: TestBooks;
  twilio: TwilioStandIn;
  openai: OpenAiStandIn;
  /** Undefined while the agent is stopped. */
  agent: Agent | undefined;
  startAgent(): Agent;
  stopAgent(): Promise<void>;
  /** Rows of a query as the owner. */
  rows<Row extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** The tables that hold any of these texts anywhere. */
  findHolding(...traces: string[]): Promise<string[]>;
  /** Resolves once nothing waits: no task, no text; fails after `timeoutMs`. */
  settle(timeoutMs?: number): Promise<void>;
  /** A person texts our number. */
  text(from: string, body: string): Promise<number>;
  /** Twilio's request for a message once more, so many times. */
  replay(messageSid: string, times: number): Promise<void>;
  /** Twilio tells a delivery state, with these parameters in the callback's address. */
  tellStatus(fields: Record<string, string>, of: Record<string, string>): Promise<number>;
  /** Bodies sent to a number, in order. */
  sentTo(from: string): string[];
  close(): Promise<void>;
}

export interface WorldOptions {
  settings?: Partial<SmsConfig>;
  twilio?: TwilioStandInOptions;
  openai?: OpenAiOptions;
  /** False: a world without an API key. */
  hasModel?: boolean;
  agent?: Partial<AgentDeps>;
  now?: () => Date;
  modelTimeoutMs?: number;
  twilioTimeoutMs?: number;
  /** A control: what nobody knows is taken for not sent. */
  resendsBlindly?: boolean;
  /** False: started by the test. */
  isStarted?: boolean;
}

const MODEL_NAMES = {
  provider: 'openai',
  name: 'gpt-4o-mini',
  transcriptionName: 'whisper-1',
};

/** The nth person's number. */
export function person(index: number): string {
  return `+1303555${String(index).padStart(4, '0')}`;
}

/** Opens a world; close it in `afterEach`. */
export async function openSmsWorld(options: WorldOptions = {}): Promise<SmsWorld> {
  const { now = () => new Date(), hasModel = true } = options;
  const books = await createTestBooks();
  await addTestClient(books.app);
  // Long ours: what came while we were away is looked for.
  await addNumber(books.app, CLIENT, NUMBER, new Date(now().getTime() - 72 * 3_600_000));
  const twilio = await startTwilioStandIn({ now, ...options.twilio });
  const openai = await startOpenAiStandIn(options.openai);
  const store = createMessageStore(books.app);
  const world: { agent: Agent | undefined } = { agent: undefined };
  const { accountSid, authToken } = twilio;
  const account = { accountSid, authTokens: [authToken], publicUrl: PUBLIC_URL };
  const onStored = () => world.agent?.wake();
  const log = silentLog();
  const url = deriveRoleUrl(books.ownerUrl, APP_ROLE);
  const pool = createPool({ url, applicationName: 'agent', max: 5, log });
  const errors = createErrorLog(pool, log, now);
  const server = await startIngest(
    {
      authenticate: createAuthenticator(books.app),
      storeUsage: createUsageStore(books.app),
      checkReady: async () => undefined,
      log,
      twilio: createTwilioWebhooks({ account, store, now, log, errors, onStored }),
    },
    { host: '127.0.0.1', port: 0 },
  );
  twilio.reach = { publicUrl: PUBLIC_URL, actualUrl: server.url };
  const deps: AgentDeps = {
    ...{ pool, store, now, log, publicUrl: PUBLIC_URL, settings: settingsOf(options) },
    ...{ accountSid, twilio: apiOf(twilio, options) },
    setup: hasModel ? { ...MODEL_NAMES, model: modelOf(openai, options) } : undefined,
    pricesOf: createPriceBook(pool),
    errors,
    secrets: [authToken, accountSid, openai.apiKey],
    pollMs: 100,
    ...options.agent,
  };
  const stopAgent = async () => {
    await world.agent?.stop();
    world.agent = undefined;
  };
  const start = () => {
    world.agent = startAgent(deps);
    return world.agent;
  };
  if (options.isStarted ?? true) start();
  return Object.assign(world, {
    ...{ books, twilio, openai, startAgent: start, stopAgent },
    rows: <Row extends Record<string, unknown>>(sql: string, values: unknown[] = []) =>
      query<Row>(books.owner, sql, values),
    findHolding: (...traces: string[]) => findHolding(books, traces),
    settle: (timeoutMs = 20_000) => settle(books, timeoutMs),
    text: async (from: string, body: string) =>
      (await twilio.receive({ from, to: NUMBER, body })).status,
    replay: (messageSid: string, times: number) => replay(twilio, messageSid, times),
    tellStatus: tellStatus.bind(null, twilio),
    sentTo: (from: string) => twilio.sentTo(from).map(({ body }) => body),
    close: async () => {
      await stopAgent();
      await pool.end();
      await server.close();
      await twilio.close();
      await openai.close();
      await books.close();
    },
  });
}

function apiOf(twilio: TwilioStandIn, options: WorldOptions): TwilioApi {
  const { accountSid, authToken, url: baseUrl } = twilio;
  const timeoutMs = options.twilioTimeoutMs ?? 5_000;
  const api = createTwilioApi({ accountSid, authToken, baseUrl, timeoutMs });
  if (options.resendsBlindly !== true) return api;
  return {
    ...api,
    send: async (text) => {
      const result = await api.send(text);
      return result.outcome === 'uncertain'
        ? { outcome: 'retry', afterMs: null, code: null, message: 'sent again blindly' }
        : result;
    },
  };
}

function modelOf(openai: OpenAiStandIn, { modelTimeoutMs = 5_000 }: WorldOptions) {
  return createModel({
    ...{ apiKey: openai.apiKey, baseUrl: openai.url, model: 'gpt-4o-mini' },
    ...{ transcriptionModel: 'whisper-1', timeoutMs: modelTimeoutMs, retries: 0 },
  });
}

function settingsOf({ settings }: WorldOptions): SmsConfig {
  return {
    ...{ twilio: undefined, openai: undefined, alertTo: undefined, answersKeywords: false },
    ...{ model: 'gpt-4o-mini', transcriptionModel: 'whisper-1', modelTimeoutMs: 5_000 },
    modelRetries: 0,
    systemPrompt: 'You answer questions.',
    memory: { turns: 3, tokens: 500 },
    monthlyLimits: { free: 50, premium: 500, enterprise: 5_000 },
    segmentCaps: { free: 2, premium: 4, enterprise: 6 },
    numberCap: { segments: 1_000, cost: '1000' },
    clientCap: { segments: 100_000, cost: '100000' },
    ...{ modelNumberCap: '1000', modelClientCap: '100000', modelCallCost: '0.01' },
    ...settings,
  };
}

function tellStatus(
  twilio: TwilioStandIn,
  fields: Record<string, string>,
  of: Record<string, string>,
): Promise<number> {
  const address = `${PUBLIC_URL}/webhooks/twilio/status?${new URLSearchParams(of)}`;
  return postSigned(twilio, address, { AccountSid: twilio.accountSid, ...fields });
}

const REPLAYS_AT_ONCE = 50;

async function replay(twilio: TwilioStandIn, messageSid: string, times: number): Promise<void> {
  const message = twilio.messages.find(({ sid }) => sid === messageSid) as KeptMessage;
  const form = inboundForm(twilio.accountSid, message);
  for (let sent = 0; sent < times; sent += REPLAYS_AT_ONCE) {
    const round = Array.from({ length: Math.min(REPLAYS_AT_ONCE, times - sent) }, () =>
      postSigned(twilio, `${PUBLIC_URL}/webhooks/twilio/sms`, form),
    );
    await Promise.all(round);
  }
}

async function findHolding({ owner }: TestBooks, traces: string[]): Promise<string[]> {
  const tables = await query<{ name: string }>(
    owner,
    `select table_name as name from information_schema.tables
     where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await query(owner, `select to_jsonb(held)::text as held from ${name} as held`);
    if (traces.some((trace) => JSON.stringify(rows).includes(trace))) found.push(name);
  }
  return found;
}

async function settle(books: TestBooks, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const [open] = await query<{ tasks: number; texts: number }>(
      books.owner,
      `select
         (select count(*)::int from tasks where status in ('received', 'working')) as tasks,
         (select count(*)::int from sms_outbox
          where state in ('pending', 'sending', 'uncertain')) as texts`,
    );
    if (open?.tasks === 0 && open.texts === 0) return;
    if (performance.now() > until) {
      throw new Error(`still open: ${open?.tasks} tasks, ${open?.texts} texts`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
