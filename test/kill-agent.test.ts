// The SMS agent dies at every step while everything around it fails too: no text is lost, none is
// answered twice, each cent is booked. A few kills here; `npm run prove` makes many.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { makeTestFolder } from '../core/test-support.ts';
import { type KilledAgent, openKilledAgent, type Step } from './killed-agent.ts';
import { findViolations } from './sms-violations.ts';
import { NUMBER, person } from './sms-world.ts';

/** In the order of a text's life. */
const STEPS: readonly Step[] = [
  'text underway',
  'text done',
  'text told',
  'model asked',
  'model underway',
  'model told',
  'send asked',
  'send underway',
  'send done',
  'send told',
  'state underway',
  'state done',
  'list done',
];
const IS_FULL = inject('kills') > STEPS.length;
const KILLS = IS_FULL ? inject('kills') : STEPS.length;
const TEXTS = IS_FULL ? 500 : 60;
/** Of ten texts one comes from somebody who has texted before; of those some say the same again. */
const REGULARS = 5;
const STEP_WAIT_MS = 4_000;
const SETTLE_MS = IS_FULL ? 300_000 : 180_000;

const folder = makeTestFolder();
let agent: KilledAgent;
beforeEach(async () => {
  agent = await openKilledAgent(folder.path);
}, 60_000);
afterEach(async () => {
  await agent.close();
  folder.remove();
});

test(`${TEXTS} texts, ${KILLS} kills, every fault: each task answered once`, async () => {
  const [killedAt, violations] = await sendAndKill(TEXTS, KILLS);
  await report(killedAt);
  expect(violations).toEqual([]);
  const [resolved] = await query<{ texts: number }>(
    agent.books.owner,
    `select count(*)::int as texts from sms_messages
     where direction = 'outbound' and is_reconciled`,
  );
  expect(resolved?.texts).toBeGreaterThan(0);
}, 900_000);

test('an agent that takes what it does not know for not sent answers twice (control)', async () => {
  await query(agent.books.owner, RESEND_BLINDLY);
  const [, violations] = await sendAndKill(30, 2);
  expect(violations.join('\n')).toMatch(/was accepted [2-9] times/);
}, 300_000);

/** Whatever would be looked up is sent again instead. */
const RESEND_BLINDLY = `
  create function resend_blindly() returns trigger language plpgsql as $$
  begin
    new.state := 'pending';
    new.due_at := '-infinity';
    return new;
  end $$;
  create trigger resend_blindly before update on sms_outbox for each row
    when (new.state = 'uncertain') execute function resend_blindly()`;

/** Sends texts, a few before each kill; then lets the agent live until nothing is open. */
async function sendAndKill(texts: number, kills: number): Promise<[Step[], string[]]> {
  const killedAt: Step[] = [];
  const sending: Promise<unknown>[] = [];
  await agent.start();
  for (let kill = 0; kill < kills; kill += 1) {
    const step = STEPS[kill % STEPS.length] as Step;
    const killed = agent.killAt(step, Math.floor(Math.random() * 4)).then(() => step);
    const until = Math.round(((kill + 1) / kills) * texts);
    while (sending.length < until) {
      sending.push(send(sending.length));
      await sleep(Math.random() * 20);
    }
    const met = await Promise.race([killed, sleep(STEP_WAIT_MS)]);
    if (met === undefined) await agent.kill();
    else killedAt.push(met);
    await agent.start();
  }
  await Promise.all(sending);
  await settle();
  const { answered, toldLately } = agent.calls();
  const seen = { messages: agent.twilio.messages, answeredCalls: answered };
  const violations = await findViolations(agent.books.owner, { ...seen, mustBeBooked: toldLately });
  return [killedAt, violations];
}

function send(index: number) {
  const isRegular = index % 10 === 9;
  const from = person(isRegular ? index % REGULARS : REGULARS + index);
  const body = index % 20 === 19 ? 'And now?' : `What about ${index}?`;
  return agent.twilio.receive({ from, to: NUMBER, body, retries: 1 });
}

/** Until every text is a task, every task has ended and nothing waits to be sent. */
async function settle(): Promise<void> {
  const giveUpAt = performance.now() + SETTLE_MS;
  for (;;) {
    await agent.twilio.waitForCallbacks();
    const [open] = await query<{ open: number; tasks: number }>(
      agent.books.owner,
      `select count(*)::int as tasks,
         (count(*) filter (where status in ('received', 'working')))::int
         + (select count(*)::int from sms_outbox
            where state in ('pending', 'sending', 'uncertain')) as open
       from tasks`,
    );
    const texts = agent.twilio.messages.filter(({ direction }) => direction === 'inbound').length;
    if (open?.open === 0 && open.tasks >= texts) return;
    // What is still open then is a violation, and named as one.
    if (performance.now() > giveUpAt) return;
    await sleep(100);
  }
}

async function report(killedAt: Step[]): Promise<void> {
  const [row] = await query<Record<string, number>>(
    agent.books.owner,
    `select (select count(*)::int from sms_messages where direction = 'outbound') as texts,
       (select count(*)::int from sms_messages
        where direction = 'outbound' and is_reconciled) as listed,
       (select count(*)::int from sms_messages
        where direction = 'inbound' and is_reconciled) as found`,
  );
  const steps = [...Map.groupBy(killedAt, (step) => step)].map(
    ([step, of]) => `${of.length} ${step}`,
  );
  console.log(
    `${KILLS} kills (${steps.join(', ')}), ${TEXTS} texts of which ${row?.found} were found by ` +
      `listing; ${agent.twilio.sendRequests} requests to send, ${row?.texts} sent, ${row?.listed} ` +
      'of them known by listing alone',
  );
}
