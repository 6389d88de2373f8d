// Random histories of the books of three clients: what is booked, when it comes, what is changed,
// repriced, erased and deleted later, and when the warehouse is refreshed in between. For property tests.
import fc from 'fast-check';
import type { BookedEvent } from './booked-events.ts';
import type { BookedTask } from './sms-rows.ts';

/** Something that happens to the books of one client; `nth` counts what it has by then. */
export type Action = { client: string } & (
  | { do: 'book calls'; calls: Omit<BookedEvent, 'id'>[] }
  | { do: 'commit after a refresh'; calls: Omit<BookedEvent, 'id'>[] }
  | { do: 'book a call again'; nth: number }
  | { do: 'reprice'; nth: number; cost: string | null; currency: string }
  | { do: 'book a task'; task: Omit<BookedTask, 'id'> }
  | { do: 'book a text of no task'; at: string; price: string | null }
  | { do: 'end a task'; nth: number; status: string; seconds: number; isLate: boolean }
  | { do: 'tell a price'; nth: number; price: string | null; currency: string; fee: string | null }
  | { do: 'log an error'; at: string; type: string; isCritical: boolean }
  | { do: 'erase a person'; user: string }
  | { do: 'delete'; what: 'call' | 'task' | 'text' | 'error'; nth: number }
  | { do: 'move'; timeZone: string; from: string }
  | { do: 'begin weeks on'; weekStart: number }
);

export interface History {
  /** By client. */
  zones: Record<string, string>;
  /** After each round the warehouse is refreshed. */
  rounds: Action[][];
}

export const CLIENTS = ['a', 'b', 'c'];
export const ZONES = [
  'Europe/Vienna',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Chatham',
];

// The days around which these zones change their clocks, and ends of weeks, months and the year.
const TURNS = [
  ...['2025-03-09', '2025-03-30', '2025-04-06', '2025-09-28', '2025-10-05', '2025-10-26'],
  ...['2025-11-02', '2025-02-28', '2025-05-31', '2025-06-01', '2024-12-30', '2025-01-01'],
];
const QUARTER_HOURS = 24 * 4;
const DAY_MS = 86_400_000;

// Every zone's midnight is on a quarter of an hour in UTC.
const quarters = fc.integer({ min: -QUARTER_HOURS, max: 2 * QUARTER_HOURS }).map((count) => {
  return count * 900_000;
});
const aBit = fc.constantFrom(-1, 0, 1, 400_000);
const atTurn = fc
  .tuple(fc.constantFrom(...TURNS), quarters, aBit)
  .map(([turn, offset, bit]) => new Date(Date.parse(turn) + offset + bit).toISOString());
const lately = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(DAY_MS)).map(([days, rest]) => {
  return new Date(Date.now() - days * DAY_MS - rest).toISOString();
});
const instant = fc.oneof({ weight: 4, arbitrary: atTurn }, { weight: 1, arbitrary: lately });

const amount = fc.oneof(
  fc.constantFrom('0', '0.000000000000000001', '999999999.999999999999999999'),
  fc.nat(10 ** 6).map((units) => (units / 10 ** 6).toFixed(6)),
);
const currency = fc.constantFrom('USD', 'USD', 'EUR');
const user = fc.constantFrom('u1', 'u2', 'u3');
const nth = fc.nat(30);

const call = fc.record({
  at: instant,
  provider: fc.constantFrom('openai', 'groq'),
  model: fc.constantFrom('gpt-5', 'gpt-4'),
  user: fc.option(user),
  conversation: fc.option(fc.constantFrom('talk', 'other')),
  chatbot: fc.option(fc.constant('bot')),
  operation: fc.option(fc.constant('chat')),
  tier: fc.option(fc.constant('batch')),
  input: fc.option(fc.nat(10 ** 6)),
  output: fc.option(fc.nat(10 ** 6)),
  cost: fc.option(amount),
  computed: fc.option(amount),
  currency,
  status: fc.constantFrom('success', 'error', null),
  error: fc.option(fc.constantFrom('timeout', 'rate_limit')),
  latency: fc.option(fc.nat(10 ** 5).map(String)),
});
const calls = fc.array(call, { minLength: 1, maxLength: 8 });

const text = fc.record({
  currency,
  segments: fc.integer({ min: 1, max: 4 }),
  price: fc.option(amount),
  estimate: fc.option(amount),
  fee: fc.option(amount),
});
const status = fc.constantFrom('received', 'working', 'answered', 'failed', 'ignored');
const task = fc.record({
  at: instant,
  user,
  conversation: fc.constantFrom('talk', 'other'),
  category: fc.constantFrom('general', 'coding'),
  status,
  keyword: fc.option(fc.constant('stop')),
  late: fc.boolean(),
  seconds: fc.option(fc.nat(200_000)),
  texts: fc.array(text, { minLength: 1, maxLength: 3 }),
  calls: fc.array(
    fc.record({
      purpose: fc.constantFrom('answer' as const, 'transcription' as const),
      cost: fc.option(amount),
      currency,
      at: instant,
    }),
    { maxLength: 2 },
  ),
});

const deed = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('book calls'), calls }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('commit after a refresh'), calls }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('book a call again'), nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('reprice'),
      nth,
      cost: fc.option(amount),
      currency,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('book a task'), task }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('book a text of no task'),
      at: instant,
      price: fc.option(amount),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('end a task'),
      nth,
      status,
      seconds: fc.nat(200_000),
      isLate: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('tell a price'),
      nth,
      price: fc.option(amount),
      currency,
      fee: fc.option(amount),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('log an error'),
      at: instant,
      type: fc.constantFrom('openai_error', 'system_error'),
      isCritical: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('erase a person'), user }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('delete'),
      what: fc.constantFrom('call', 'task', 'text', 'error'),
      nth,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('move'),
      timeZone: fc.constantFrom(...ZONES, 'Pacific/Pago_Pago', 'Pacific/Kiritimati'),
      from: fc.constantFrom(...TURNS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('begin weeks on'),
      weekStart: fc.integer({ min: 1, max: 7 }),
    }),
  },
) as fc.Arbitrary<Omit<Action, 'client'>>;

const action = fc
  .tuple(fc.constantFrom(...CLIENTS), deed)
  .map(([client, what]) => ({ client, ...what }) as Action);
const zone = fc.constantFrom(...ZONES);

/** A history of a few rounds. */
export const anyHistory: fc.Arbitrary<History> = fc.record({
  zones: fc.record({ a: zone, b: zone, c: zone }),
  rounds: fc.array(fc.array(action, { minLength: 1, maxLength: 7 }), {
    minLength: 1,
    maxLength: 4,
  }),
});
