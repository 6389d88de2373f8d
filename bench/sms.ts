// Texts: how fast the signed webhook stores them while the model hangs, against a server that inserts
// each alone and does nothing else.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { query } from '../core/postgres.ts';
import { addNumber } from '../ingest/store/numbers.ts';
import { startLoopbackServer } from '../test/stand-ins/http-server.ts';
import { startTwilioStandIn } from '../test/stand-ins/twilio.ts';
import { addBenchClient, type BenchBooks, withBenchBooks } from './books.ts';
import { CONNECTIONS } from './load.ts';
import { type Measurement, median, quantile } from './measure.ts';
import { ACCOUNT, postText, type SignedText, signTexts } from './texts.ts';

const MODES = ['plain', 'agent'] as const;
type Mode = (typeof MODES)[number];

const ROUNDS = 3;
const WARM_UP = 3_000;
const STEADY_PER_SECOND = 200;
const STEADY = 2_000;
// One transaction each is slow; fewer of them tell the same.
const FAST: Record<Mode, number> = { plain: 4_000, agent: 12_000 };

type Post = (text: SignedText) => Promise<void>;

/** Measures on books of its own under `home`. */
export async function benchSms(home: string): Promise<Measurement[]> {
  const p99s: Record<Mode, number[]> = { plain: [], agent: [] };
  const rates: Record<Mode, number[]> = { plain: [], agent: [] };
  await withBenchBooks(home, async (books) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const mode of MODES) {
        const { p99, rate } = await measure(books, mode, round);
        p99s[mode].push(p99);
        rates[mode].push(rate);
      }
    }
  });
  const [plain, agent] = [median(rates.plain), median(rates.agent)];
  const ms = (of: number[]) => `${median(of).toFixed(0)} ms`;
  return [
    {
      work: `the slowest of a hundred texts, ${STEADY_PER_SECOND}/s, while the model hangs, against one plain insert each`,
      figure: `${ms(p99s.agent)} against ${ms(p99s.plain)}`,
      aim: '≤ 50 ms',
    },
    {
      work: `texts over signed webhooks, ${CONNECTIONS} connections, each a message, a task and its talk, against one plain insert each`,
      figure: `${Math.round(agent)} texts/s, ${(agent / plain).toFixed(1)} × (against ${Math.round(plain)})`,
      aim: '≥ 1,000/s',
    },
  ];
}

async function measure(books: BenchBooks, mode: Mode, round: number) {
  const clientId = `${mode}-${round}`;
  const number = `+1202555${MODES.indexOf(mode)}${round}00`;
  await addBenchClient(books.app, clientId);
  await addNumber(books.app, clientId, number, new Date());
  const texts = signTexts(number, 0, WARM_UP + STEADY + FAST[mode]);
  const figures = await withServer(books.appUrl, mode, async (post) => {
    await sendFast(post, texts.splice(0, WARM_UP));
    const p99 = quantile(await sendSteadily(post, texts.splice(0, STEADY)), 0.99);
    const started = performance.now();
    await sendFast(post, texts);
    return { p99, rate: (FAST[mode] / (performance.now() - started)) * 1_000 };
  });
  const [row] = await query<{ stored: number }>(
    books.owner,
    `select count(*)::int as stored from sms_messages
     where client_id = $1 and direction = 'inbound'`,
    [clientId],
  );
  const sent = WARM_UP + STEADY + FAST[mode];
  if (row?.stored !== sent) throw new Error(`${row?.stored} of ${sent} texts are stored`);
  return figures;
}

/** A server process between a Twilio that answers and a model that never does. */
async function withServer<T>(
  appUrl: string,
  mode: Mode,
  work: (post: Post) => Promise<T>,
): Promise<T> {
  const twilio = await startTwilioStandIn({
    ...{ accountSid: ACCOUNT.accountSid, authToken: ACCOUNT.authTokens[0] ?? '' },
    callbackChances: { lost: 1 },
  });
  const model = await startLoopbackServer(() => undefined);
  const file = join(import.meta.dirname, 'sms-server.ts');
  const server = fork(file, [appUrl, mode, `${model.url}/v1`, twilio.url]);
  const ended = once(server, 'exit');
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    const [{ url }] = (await once(server, 'message')) as [{ url: string }];
    return await work((text) => postText(agent, url, text));
  } finally {
    agent.destroy();
    server.send('close');
    await ended;
    await twilio.close();
    await model.close();
  }
}

/** As many at a time as there are connections. */
async function sendFast(post: Post, texts: SignedText[]): Promise<void> {
  const waiting = [...texts];
  const send = async () => {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) await post(text);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
}

/** One after the other by the clock, however long their answers take; how long each took from then. */
async function sendSteadily(post: Post, texts: SignedText[]): Promise<number[]> {
  const started = performance.now();
  const sent: Promise<number>[] = [];
  for (const [index, text] of texts.entries()) {
    const due = started + (index / STEADY_PER_SECOND) * 1_000;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    sent.push(post(text).then(() => performance.now() - due));
  }
  return Promise.all(sent);
}
