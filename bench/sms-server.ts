// The webhook of texts as a process of its own, for benchmarks: `sms-server.ts <app url> <mode> <model
// url> <twilio url>`. "agent" stores and answers as in production; "plain" inserts each text alone.
import { join } from 'node:path';
import { loadConfig } from '../core/config.ts';
import { createLog } from '../core/log.ts';
import { createPool, type Pool, query, withTransaction } from '../core/postgres.ts';
import { startAgent } from '../ingest/agent/agent.ts';
import { createErrorLog } from '../ingest/agent/error-log.ts';
import { createModel } from '../ingest/agent/model.ts';
import { createAuthenticator } from '../ingest/api/tokens.ts';
import { createPriceBook } from '../ingest/pricing/price-book.ts';
import { startIngest } from '../ingest/server.ts';
import { createMessageStore, type Inbound, type MessageStore } from '../ingest/store/messages.ts';
import { createUsageStore } from '../ingest/store/usage-events.ts';
import { countSegments } from '../ingest/texts/segments.ts';
import { createTwilioApi } from '../ingest/twilio/api.ts';
import { createTwilioWebhooks } from '../ingest/twilio/webhooks.ts';
import { ACCOUNT } from './texts.ts';

const [url = '', mode = 'agent', modelUrl = '', twilioUrl = ''] = process.argv.slice(2);
// The log is written as in production, to where nobody reads it.
const log = createLog({ level: 'info', write: () => undefined });
const now = () => new Date();
const open = (applicationName: string) => createPool({ url, applicationName, log, max: 10 });
const pool = open('bench webhook');
const agentPool = open('bench agent');
const { accountSid, authTokens, publicUrl } = ACCOUNT;
const pricesOf = createPriceBook(agentPool);
const store = createMessageStore(pool);

const agent =
  mode === 'agent'
    ? startAgent({
        ...{ pool: agentPool, store, now, log, accountSid, publicUrl, pricesOf },
        settings: loadConfig({}, join(import.meta.dirname, '..'), []).sms,
        twilio: createTwilioApi({ accountSid, authToken: authTokens[0] ?? '', baseUrl: twilioUrl }),
        setup: {
          ...{ provider: 'openai', name: 'gpt-4o-mini', transcriptionName: 'whisper-1' },
          model: hangingModel(),
        },
        errors: createErrorLog(agentPool, log, now),
        secrets: authTokens,
      })
    : undefined;
const server = await startIngest(
  {
    authenticate: createAuthenticator(pool),
    storeUsage: createUsageStore(pool, pricesOf),
    twilio: createTwilioWebhooks({
      ...{ account: ACCOUNT, now, log, onStored: () => agent?.wake() },
      store: mode === 'plain' ? plainStore(pool, store) : store,
    }),
    checkReady: async () => undefined,
    log,
  },
  { host: '127.0.0.1', port: 0 },
);
process.on('message', async () => {
  await server.close();
  await agent?.stop();
  await Promise.all([pool.end(), agentPool.end()]);
  process.disconnect();
});
process.send?.({ url: server.url });

function hangingModel() {
  const names = { model: 'gpt-4o-mini', transcriptionModel: 'whisper-1' };
  return createModel({
    ...{ apiKey: 'sk-bench', baseUrl: modelUrl, ...names, timeoutMs: 60_000, retries: 2 },
  });
}

/** One row and one transaction for each text; nobody answers it. */
function plainStore(of: Pool, { findClient, storeStatus }: MessageStore): MessageStore {
  const sql = `insert into sms_messages (client_id, message_sid, direction, from_number, to_number,
      body, encoding, segments, status, currency, happened_at, stored_at)
    values ($1, $2, 'inbound', $3, $4, $5, $6, $7, 'received', 'USD', $8, $8)`;
  const storeInbound = async ({ clientId, message, now: instant }: Inbound) => {
    const { messageSid, from, to, body } = message;
    const { encoding, segments } = countSegments(body);
    const values = [clientId, messageSid, from, to, body, encoding, segments, instant];
    await withTransaction(of, { clientId }, (connection) => query(connection, sql, values));
    return 'stored' as const;
  };
  return { findClient, storeStatus, storeInbound };
}
