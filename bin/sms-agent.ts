// Puts the SMS agent together from the configuration: webhooks in, its loops behind them, and Twilio
// and the model outside.
import type { Pool } from '../core/postgres.ts';
import type { SmsConfig } from '../core/sms-config.ts';
import { startAgent } from '../ingest/agent/agent.ts';
import type { ModelSetup } from '../ingest/agent/answer-task.ts';
import { createErrorLog } from '../ingest/agent/error-log.ts';
import { createModel } from '../ingest/agent/model.ts';
import type { IngestMetrics } from '../ingest/metrics.ts';
import { createPriceBook } from '../ingest/pricing/price-book.ts';
import { createMessageStore } from '../ingest/store/messages.ts';
import { createTwilioApi } from '../ingest/twilio/api.ts';
import { createTwilioWebhooks, type TwilioWebhooks } from '../ingest/twilio/webhooks.ts';
import { providerOfHost } from '../ingest/usage/providers/hosts.ts';
import type { Context } from './context.ts';

export interface SmsAgent {
  webhooks: TwilioWebhooks;
  pool: Pool;
  /** Compares the books with Twilio's list at once. */
  reconcileNow(): Promise<void>;
}

/** Starts the agent until the lifecycle ends; undefined where no Twilio account is set. */
export async function openSmsAgent(
  { config: { sms }, now, log, lifecycle, openAgentPool }: Context,
  webhookPool: Pool,
  counts: IngestMetrics,
): Promise<SmsAgent | undefined> {
  if (sms.twilio === undefined) return undefined;
  const pool = await openAgentPool();
  const { accountSid, authTokens, publicUrl, baseUrl } = sms.twilio;
  const store = createMessageStore(webhookPool);
  const twilio = counts.countSends(
    createTwilioApi({
      accountSid,
      authToken: authTokens[0] ?? '',
      ...(baseUrl === undefined ? {} : { baseUrl }),
    }),
  );
  const errors = createErrorLog(pool, log, now);
  const agent = startAgent({
    ...{ pool, store, twilio, accountSid, publicUrl, now, log, settings: sms },
    ...{ setup: openModel(sms, counts), pricesOf: createPriceBook(pool) },
    errors,
    secrets: [...authTokens, accountSid, ...(sms.openai === undefined ? [] : [sms.openai.apiKey])],
  });
  lifecycle.onEnd(() => agent.stop());
  const deps = { account: sms.twilio, store: counts.countTexts(store), now, log, errors };
  const webhooks = createTwilioWebhooks({ ...deps, onStored: agent.wake });
  return { webhooks, pool, reconcileNow: agent.reconcileNow };
}

function openModel(sms: SmsConfig, counts: IngestMetrics): ModelSetup | undefined {
  if (sms.openai === undefined) return undefined;
  const { model: name, transcriptionModel, modelTimeoutMs: timeoutMs, modelRetries: retries } = sms;
  const { apiKey, baseUrl } = sms.openai;
  const server = baseUrl === undefined ? {} : { baseUrl };
  const provider = baseUrl === undefined ? 'openai' : providerOfHost(new URL(baseUrl).host);
  const options = { apiKey, ...server, model: name, transcriptionModel, timeoutMs };
  return {
    model: counts.countCalls(createModel({ ...options, retries })),
    provider: provider ?? 'openai',
    name,
    transcriptionName: transcriptionModel,
  };
}
