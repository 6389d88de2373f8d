// The real `daybook ingest` in a process of its own, with taps between it and stand-ins that fail in
// every way they know: killed at a given step, started again. Its time runs faster than ours.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import { addNumber } from '../ingest/store/numbers.ts';
import { fastClock } from './fast-clock.ts';
import { type Passage, startTap, type TapPoint } from './http-tap.ts';
import { CLIENT, NUMBER } from './sms-world.ts';
import { startOpenAiStandIn } from './stand-ins/openai.ts';
import { startTwilioStandIn, type TwilioStandIn } from './stand-ins/twilio.ts';
import { PROJECT_DIR, waitForLog } from './support.ts';

/** A minute of the agent is a second and a half of ours. */
const FACTOR = 40;
const PUBLIC_URL = 'https://sms.acme.example';

/** A request on its way between two of the three parties: "send done", "model asked". */
export type Step = `${'text' | 'state' | 'send' | 'list' | 'model'} ${TapPoint}`;

export interface KilledAgent {
  books: TestBooks;
  twilio: TwilioStandIn;
  /** Starts the process; it is dead. */
  start(): Promise<void>;
  /** Kills the process when the step happens, after so many others of its kind; resolves then. */
  killAt(step: Step, skip: number): Promise<void>;
  /** Kills it now. */
  kill(): Promise<void>;
  /** Request ids of the model's answers, and of the metered ones the living process was told. */
  calls(): { answered: Set<string>; toldLately: Map<string, string> };
  close(): Promise<void>;
}

interface Armed {
  step: Step;
  skip: number;
  done: () => void;
}

/** Opens books, stand-ins and taps; nothing runs yet. */
export async function openKilledAgent(home: string): Promise<KilledAgent> {
  const startedAt = Date.now();
  const now = fastClock(FACTOR, startedAt);
  const books = await createTestBooks();
  await addTestClient(books.app);
  await addNumber(books.app, CLIENT, NUMBER, now());
  const { twilio, openai } = await startStandIns(now);
  let child: ChildProcess | undefined;
  let armed: Armed | undefined;
  const answered = new Set<string>();
  let toldLately = new Map<string, string>();
  const kill = async () => {
    if (child === undefined) return;
    const dying = child;
    child = undefined;
    inbound.target = undefined;
    const ended = once(dying, 'exit');
    dying.kill('SIGKILL');
    await ended;
  };
  const watch = (kind: string, point: TapPoint, passage: Passage): boolean => {
    const callId = kind === 'model' ? readCallId(passage) : null;
    if (callId !== null && point === 'done') answered.add(callId);
    if (callId !== null && point === 'told' && isMetered(passage)) {
      toldLately.set(callId, readQuestion(passage));
    }
    if (armed?.step !== `${kind} ${point}` || child === undefined) return false;
    armed.skip -= 1;
    if (armed.skip >= 0) return false;
    const { done } = armed;
    armed = undefined;
    void kill().then(done);
    return true;
  };
  const inbound = await startTap((point, passage) =>
    watch(passage.path.endsWith('/status') ? 'state' : 'text', point, passage),
  );
  const toTwilio = await startTap(
    (point, passage) => watch(passage.method === 'POST' ? 'send' : 'list', point, passage),
    twilio.url,
  );
  const toOpenai = await startTap(
    (point, passage) => watch('model', point, passage),
    new URL(openai.url).origin,
  );
  twilio.reach = { publicUrl: PUBLIC_URL, actualUrl: inbound.url };
  const env = envOf(books, twilio, {
    ...{ DAYBOOK_HOME: home, FAST_TIME: `${FACTOR} ${startedAt}` },
    ...{ TWILIO_BASE_URL: toTwilio.url, OPENAI_BASE_URL: `${toOpenai.url}/v1` },
    OPENAI_API_KEY: openai.apiKey,
  });
  return {
    ...{ books, twilio, kill, calls: () => ({ answered, toldLately }) },
    start: async () => {
      toldLately = new Map();
      child = startFast(env);
      inbound.target = String((await waitForLog(child, 'ingest.listening')).url);
    },
    killAt: (step, skip) =>
      new Promise((done) => {
        armed = { step, skip, done };
      }),
    close: async () => {
      await kill();
      for (const one of [inbound, toTwilio, toOpenai, twilio, openai]) await one.close();
      await books.close();
    },
  };
}

async function startStandIns(now: () => Date) {
  const twilio = await startTwilioStandIn({
    ...{ now, slowMs: 20, retryAfterSeconds: 2 },
    sendChances: {
      ...{ 'accept-then-reset': 0.06, 'reset-before': 0.06, 'hang-accepted': 0.03, hang: 0.03 },
      ...{ '429': 0.06, '500': 0.04, '500-accepted': 0.04, '503': 0.03, slow: 0.05 },
      'refuse:21611': 0.03,
    },
    callbackChances: { lost: 0.3, duplicated: 0.1, 'out-of-order': 0.1, 'before-answer': 0.1 },
  });
  const openai = await startOpenAiStandIn({
    ...{ slowMs: 100, answer: ({ question }) => `This is the answer to: ${question}` },
    chances: {
      ...{ hang: 0.01, 'hang-body': 0.01, slow: 0.1, '429': 0.04, '500': 0.04, '503': 0.04 },
      ...{ '401': 0.02, reset: 0.04, 'bad-json': 0.02, html: 0.02, empty: 0.02 },
      ...{ filtered: 0.02, refusal: 0.02 },
    },
  });
  return { twilio, openai };
}

function envOf(books: TestBooks, twilio: TwilioStandIn, more: Record<string, string>) {
  return {
    ...{ DATABASE_URL: books.ownerUrl, PORT: '0', PUBLIC_URL },
    ...{ TWILIO_ACCOUNT_SID: twilio.accountSid, TWILIO_AUTH_TOKEN: twilio.authToken },
    // A try is one call, which is booked: what the client repeats by itself is not seen by us.
    SMS_MODEL_RETRIES: '0',
    ...{ SMS_NUMBER_CAP: '100000:100000', SMS_CLIENT_CAP: '1000000:1000000' },
    ...more,
  };
}

function startFast(env: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const preload = join(import.meta.dirname, 'fast-time.ts');
  const command = [join(PROJECT_DIR, 'bin', 'daybook.ts'), 'ingest'];
  const child = spawn(process.execPath, ['--import', preload, ...command], {
    cwd: PROJECT_DIR,
    env: { PATH, HOME, TZ: 'UTC', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return child;
}

/** An answer with usage is on the bill, whatever else it holds. */
function isMetered({ answer }: Passage): boolean {
  return answer?.body.includes('"usage"') === true;
}

/** The words of the last turn. */
function readQuestion({ body }: Passage): string {
  const { messages } = JSON.parse(body.toString('utf8')) as { messages: { content: string }[] };
  return messages.at(-1)?.content ?? '';
}

/** The id of an answer that the provider takes for one, whatever it is worth. */
function readCallId({ answer }: Passage): string | null {
  return answer?.status === 200 ? (answer.headers['x-request-id'] ?? null) : null;
}
