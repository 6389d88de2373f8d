// The ingest application: routes in one visible order, apart from listening. The only importer of
// express. Every 2xx to a write is sent after its commit.
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type Response,
} from 'express';
import { AppError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Authenticate, requireScope } from './api/tokens.ts';
import { toErrorResponse } from './error-response.ts';
import type { ItemResult, StoreUsage } from './store/usage-events.ts';
import { parseUsageRequest } from './usage/request-body.ts';

export interface IngestDeps {
  authenticate: Authenticate;
  storeUsage: StoreUsage;
  /** Throws when the books cannot be reached or are not migrated. */
  checkReady: () => Promise<void>;
  log: Log;
}

const BODY_BYTES_MAX = 5 * 1024 * 1024;
const SINGLE_STATUS = { accepted: 201, duplicate: 200, conflict: 409, rejected: 400 } as const;

/** Builds the application from its collaborators. */
export function createApp(deps: IngestDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'alive' });
  });
  app.get('/readyz', async (_request, response) => {
    await deps.checkReady();
    response.json({ status: 'ready' });
  });
  app
    .route('/v1/usage')
    .post(
      authenticated(deps),
      express.raw({ type: () => true, limit: BODY_BYTES_MAX }),
      receiveUsage(deps),
    )
    .all((_request, response) => {
      response.set('allow', 'POST').status(405).json(plainError('ERR_INPUT', 'use POST'));
    });
  app.use((request, response) => {
    response.status(404).json(plainError('ERR_NOT_FOUND', `there is nothing at ${request.path}`));
  });
  app.use(answerError(deps.log));
  return app;
}

/** Runs before the body is read: a stranger's five megabytes are not worth reading. */
function authenticated({ authenticate }: IngestDeps) {
  return async (request: Request, response: Response, next: () => void) => {
    const identity = await authenticate(request.headers.authorization);
    requireScope(identity, 'usage:write');
    response.locals.clientId = identity.clientId;
    next();
  };
}

function receiveUsage({ storeUsage, log }: IngestDeps) {
  return async (request: Request, response: Response) => {
    const { isBatch, items } = parseUsageRequest(
      decodeBody(request),
      request.headers['content-type'] ?? '',
    );
    const clientId = response.locals.clientId as string;
    const results = await storeUsage(clientId, items);
    const counts = countResults(results);
    log.info('usage.received', { clientId, ...counts });
    if (isBatch) response.status(200).json({ ...counts, results });
    else answerSingle(response, results[0] as ItemResult);
  };
}

function answerSingle(response: Response, result: ItemResult): void {
  const { index: _index, ...answer } = result;
  response.status(SINGLE_STATUS[result.result]).json(answer);
}

function decodeBody(request: Request): string {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body) || body.length === 0)
    throw new AppError('ERR_INPUT', 'the body is empty');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError('ERR_INPUT', 'the body is not UTF-8', { cause, fix: 'send UTF-8 text' });
  }
}

function countResults(results: ItemResult[]) {
  const counts = { accepted: 0, duplicate: 0, conflict: 0, rejected: 0 };
  for (const { result } of results) counts[result] += 1;
  return counts;
}

function answerError(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const { status, headers, body } = toErrorResponse(error);
    const fields = {
      method: request.method,
      path: request.path,
      status,
      message: messageOf(error),
    };
    if (status >= 500) log.error('request.failed', fields);
    else log.info('request.refused', fields);
    if (response.headersSent) return next(error);
    response.set(headers).status(status).json(body);
  };
}

function plainError(code: string, message: string) {
  return { error: { code, message } };
}
