// A person whom tests erase: her calls beside those of somebody else and of nobody, with what an
// application may tell of her.
import { query } from '../core/postgres.ts';
import type { TestBooks } from '../core/test-support.ts';
import { bookEvents } from './booked-events.ts';
import { CLIENT } from './sms-world.ts';

export const MAIL = 'ana.canaria@people.example';
export const NAME = 'Ana Canaria';

/** Calls of Ana, of somebody else, and of nobody; one conversation that two share. */
const CALLS = Array.from({ length: 24 }, (_, index) => ({
  id: `call-${index}`,
  at: new Date(Date.parse('2025-03-01T08:00:00Z') + index * 17 * 3_600_000).toISOString(),
  user: [MAIL, 'somebody-else', null][index % 3] ?? null,
  conversation: index % 3 === 2 ? null : (['talk-with-ana', 'own-talk'][index % 2] ?? null),
  input: 100 + index,
  output: 10,
  cost: `0.0${index + 1}`,
}));

const EXTRAS = `update usage_events
  set phone = '+1 303 555-0001', metadata = '{"who": "Ana Canaria"}', raw_usage = '{"n": 1}',
    tags = array['prod', 'of-ana.canaria@people.example', 'Ana Canaria']
  where user_id = '${MAIL}'`;

const ALL = `update usage_events set tags = array['prod'] where user_id = 'somebody-else'`;

export async function bookCalls(books: TestBooks) {
  await bookEvents(books.app, CLIENT, CALLS);
  await query(books.owner, EXTRAS);
  await query(books.owner, ALL);
}
