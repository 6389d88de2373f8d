// The texts of the demo: 200 real ones go through the signed webhook of a real ingest server, are
// answered, delivered and priced, with stand-ins in the place of Twilio and the model.
import type { Client } from '../core/clients.ts';
import { query } from '../core/postgres.ts';
import { startStep } from '../core/progress.ts';
import type { SmsConfig } from '../core/sms-config.ts';
import { loadSql } from '../core/sql.ts';
import { readTextRounds, type TextRound } from '../demo/texts.ts';
import { addNumber } from '../ingest/store/numbers.ts';
import { type OpenAiStandIn, startOpenAiStandIn } from '../test/stand-ins/openai.ts';
import { startTwilioStandIn, type TwilioStandIn } from '../test/stand-ins/twilio.ts';
import { serveIngest } from './commands/ingest.ts';
import type { Context } from './context.ts';

export const TEXTS_CLIENT: Client = {
  clientId: 'demo-texts',
  name: 'Northwind Texts',
  timeZone: 'America/New_York',
  weekStart: 1,
  currency: 'USD',
  locale: 'en-US',
};

const NUMBER = '+12125550199';
const PUBLIC_URL = 'https://texts.northwind.example';
const ROUND_TIMEOUT_MS = 60_000;
const POLL_MS = 25;

/** A clock that runs on from any instant it is set to. */
interface RunningClock {
  now(): Date;
  jumpTo(instant: Date): void;
}

/** What the texts came to. */
export interface TextTotals extends Record<string, unknown> {
  received: number;
  answered: number;
  sent: number;
  delivered: number;
  /** Texts, carrier fees and model calls together, in USD. */
  cost: string;
  parts_of_unknown_cost: number;
}

/** Sends all texts of a client that is there, each round at its own hour, and waits for all answers. */
export async function runTextDemo(context: Context): Promise<void> {
  const rounds = readTextRounds();
  const count = rounds.reduce((sum, { texts }) => sum + texts.length, 0);
  const step = startStep(process.stdout, `Text ${TEXTS_CLIENT.clientId}`, count);
  const clock = createClock(rounds[0]?.at ?? new Date());
  const twilio = await startTwilioStandIn({ now: clock.now });
  const openai = await startOpenAiStandIn({ answer: ({ question }) => answerTo(question) });
  context.lifecycle.onEnd(() => Promise.all([twilio.close(), openai.close()]));
  await addNumber(await context.appPool(), TEXTS_CLIENT.clientId, NUMBER, clock.now());
  const server = await serveIngest(withStandIns(context, clock, twilio, openai), {
    host: '127.0.0.1',
    port: 0,
  });
  twilio.reach = { publicUrl: PUBLIC_URL, actualUrl: server.url };
  let sent = 0;
  for (const round of rounds) {
    clock.jumpTo(round.at);
    await sendRound(context, twilio, round);
    await twilio.waitForCallbacks();
    // Prices are told by the list, which goes back two days.
    await server.reconcileTexts?.();
    sent += round.texts.length;
    step.advance(sent);
  }
  const answers = openai.chats.length;
  step.finish(`${answers} answered now, ${count - answers} there already`);
}

/** Adds up what the texts cost. */
export async function sumTexts(context: Context): Promise<TextTotals> {
  const sql = loadSql('postgres/queries/sum_task_costs');
  const values = [TEXTS_CLIENT.clientId];
  const [totals] = await query<TextTotals>(await context.pipelinePool(), sql, values);
  return totals as TextTotals;
}

function createClock(start: Date): RunningClock {
  let offsetMs = start.getTime() - Date.now();
  return {
    now: () => new Date(Date.now() + offsetMs),
    jumpTo: (instant) => {
      offsetMs = Math.max(offsetMs, instant.getTime() - Date.now());
    },
  };
}

/** The same context with another clock, and servers of ours in place of those outside. */
function withStandIns(
  context: Context,
  { now }: RunningClock,
  twilio: TwilioStandIn,
  openai: OpenAiStandIn,
): Context {
  const { accountSid, authToken, url: baseUrl } = twilio;
  const sms: SmsConfig = {
    ...context.config.sms,
    twilio: { accountSid, authTokens: [authToken], publicUrl: PUBLIC_URL, baseUrl },
    openai: { apiKey: openai.apiKey, baseUrl: openai.url },
  };
  return { ...context, now, config: { ...context.config, sms } };
}

async function sendRound(
  context: Context,
  twilio: TwilioStandIn,
  { texts }: TextRound,
): Promise<void> {
  await Promise.all(texts.map((text) => twilio.receive({ ...text, to: NUMBER })));
  const pool = await context.pipelinePool();
  const until = performance.now() + ROUND_TIMEOUT_MS;
  while (performance.now() < until && (await countOpen(pool)) > 0) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function countOpen(pool: Awaited<ReturnType<Context['pipelinePool']>>): Promise<number> {
  const sql = loadSql('postgres/queries/count_open_texts');
  const [row] = await query<{ open: number }>(pool, sql, [TEXTS_CLIENT.clientId]);
  return row?.open ?? 0;
}

function answerTo(question: string): string {
  const words = question.split(/\s+/).length;
  return `Thanks for your ${words} words. This is a stand-in for a language model, so it only counts.`;
}
