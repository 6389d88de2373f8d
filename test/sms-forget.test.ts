// Whoever is forgotten is forgotten wholly, also by what was under way at that moment, and gains
// nothing by it.
import { afterEach, expect, test } from 'vitest';
import { forgetSmsUser } from '../ingest/store/sms-users.ts';
import { CLIENT, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ANA = person(1);

test('being forgotten again and again gives no more texts in a day than anybody gets', async () => {
  world = await openSmsWorld({ settings: { numberCap: { segments: 8, cost: '100' } } });
  for (let round = 0; round < 5; round += 1) {
    await world.text(ANA, 'USAGE');
    await world.settle();
    await world.text(ANA, 'Forget me');
    await world.settle();
  }
  const segments = world.twilio.sentTo(ANA).reduce((sum, text) => sum + text.segments, 0);
  expect(segments).toBeGreaterThan(5);
  expect(segments).toBeLessThanOrEqual(8);
});

test('a confirmation that a cap keeps back is emptied too', async () => {
  world = await openSmsWorld({
    settings: { numberCap: { segments: 2, cost: '100' } },
    openai: { answer: () => 'Yes.' },
  });
  await world.text(ANA, 'Hello?');
  await world.settle();
  await world.text(ANA, 'Forget me');
  await world.settle();
  expect(world.sentTo(ANA)).toHaveLength(2);
  expect(await world.findHolding(ANA, 'are deleted here')).toEqual([]);
});

test('nobody who is forgotten hears that his answer takes long', async () => {
  world = await openSmsWorld({ openai: { slowMs: 1_500 }, agent: { workingAfterMs: 500 } });
  world.openai.faults.force('slow');
  await world.text(ANA, 'A hard question?');
  while (world.openai.requests === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await forgetSmsUser(world.books.app, { clientId: CLIENT, who: ANA, now: new Date() });
  // The call is booked also where its answer is not wanted any more.
  while ((await world.rows('select 1 from usage_events')).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await world.settle();
  expect(world.sentTo(ANA).filter((body) => !body.startsWith('Welcome'))).toEqual([]);
  expect(await world.findHolding(ANA, 'A hard question')).toEqual([]);
});
