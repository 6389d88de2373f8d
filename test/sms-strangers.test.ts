// People who text for the first time at one moment, by several servers: each is one person, with the
// text that allowed us to answer on record.
import { afterEach, expect, test } from 'vitest';
import { createMessageStore, type MessageStore } from '../ingest/store/messages.ts';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

let world: SmsWorld;
afterEach(() => world.close());

const ROUNDS = 30;
let texts = 0;

function storeText(store: MessageStore, from: string) {
  texts += 1;
  const messageSid = `SM${texts.toString(16).padStart(32, '0')}`;
  const now = new Date();
  return store.storeInbound({
    ...{ clientId: CLIENT, now },
    message: {
      ...{ messageSid, accountSid: world.twilio.accountSid, from, fromKind: 'phone', to: NUMBER },
      ...{ body: 'Hello?', media: [], segments: 1, messagingServiceSid: null, fromCountry: null },
      optOutType: null,
    },
  });
}

test('each stranger’s first text is on record, whichever server stores it first', async () => {
  world = await openSmsWorld({ isStarted: false });
  const stores = [1, 2, 3].map(() => createMessageStore(world.books.app));
  for (let round = 0; round < ROUNDS; round += 1) {
    const shared = person(round * 20);
    await Promise.all(
      // The first two are written at once, each alone; what comes meanwhile is written together.
      stores.flatMap((store, index) => [
        storeText(store, person(round * 20 + index + 1)),
        storeText(store, person(round * 20 + index + 5)),
        storeText(store, person(round * 20 + index + 9)),
        storeText(store, shared),
        storeText(store, person(round * 20 + index + 13)),
      ]),
    );
  }
  const [count] = await world.rows(
    `select count(*)::int as people, count(act)::int as on_record,
       (select count(*)::int from tasks) as tasks
     from sms_users left join sms_consents on sms_consents.phone = sms_users.phone`,
  );
  expect(count).toEqual({ people: ROUNDS * 13, on_record: ROUNDS * 13, tasks: ROUNDS * 15 });
});
