// Sends events to the ingest server as a client would, over HTTP and with a token of its own.
import { AppError } from '../core/errors.ts';
import { startStep } from '../core/progress.ts';
import { createToken, revokeToken } from '../ingest/api/tokens.ts';
import { serveIngest } from './commands/ingest.ts';
import type { Context } from './context.ts';

const BATCH_SIZE = 750;
const REQUEST_TIMEOUT_MS = 30_000;

interface BatchAnswer {
  accepted: number;
  duplicate: number;
  conflict: number;
  rejected: number;
}

/** Starts a server on a free loopback port, once, and sends all events. Throws on any refusal. */
export async function sendOverHttp(
  context: Context,
  clientId: string,
  events: object[],
): Promise<void> {
  const url = await demoServer(context);
  const pool = await context.appPool();
  const token = await createToken(pool, { clientId, name: 'demo', scopes: ['usage:write'] });
  const step = startStep(process.stdout, `Send to ${clientId}`, events.length);
  const total: BatchAnswer = { accepted: 0, duplicate: 0, conflict: 0, rejected: 0 };
  for (let sent = 0; sent < events.length; sent += BATCH_SIZE) {
    const answer = await postBatch(url, token, events.slice(sent, sent + BATCH_SIZE));
    for (const key of Object.keys(total) as (keyof BatchAnswer)[]) total[key] += answer[key];
    step.advance(Math.min(sent + BATCH_SIZE, events.length));
  }
  await revokeToken(pool, clientId, token, context.now());
  step.finish(`${total.accepted} accepted, ${total.duplicate} there already`);
  if (total.conflict + total.rejected === 0) return;
  throw new AppError(
    'ERR_INPUT',
    `${clientId}: ${total.conflict} events conflict and ${total.rejected} were rejected`,
    {
      fix: 'delete .daybook to start the demo from nothing',
    },
  );
}

const servers = new WeakMap<Context, Promise<string>>();

function demoServer(context: Context): Promise<string> {
  const listen = { host: '127.0.0.1', port: 0 };
  const running = servers.get(context) ?? serveIngest(context, listen).then((served) => served.url);
  servers.set(context, running);
  return running;
}

async function postBatch(url: string, token: string, events: object[]): Promise<BatchAnswer> {
  const response = await fetch(`${url}/v1/usage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(events),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (response.ok) return (await response.json()) as BatchAnswer;
  throw new AppError(
    'ERR_INPUT',
    `the ingest server answered ${response.status}: ${await response.text()}`,
  );
}
