// The ingest application: routes in one visible order, apart from listening. The only importer of
// express. Every 2xx to a write is sent after its commit.
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Authenticate, bearerOf, requireScope } from './api/tokens.ts';
import { toErrorResponse } from './error-response.ts';
import { describeApi } from './openapi.ts';
import type { StoreUsage } from './store/usage-events.ts';
import type { TwilioWebhooks } from './twilio/webhooks.ts';
import { countResults, type HttpAnswer } from './usage/answers.ts';
import { USAGE_ROUTES, type UsageRoute } from './usage/routes.ts';

export interface IngestDeps {
  authenticate: Authenticate;
  storeUsage: StoreUsage;
  /** Undefined where no Twilio account is configured: its webhooks are not there. */
  twilio?: TwilioWebhooks | undefined;
  /** Throws when the books cannot be reached or are not migrated. */
  checkReady: () => Promise<void>;
  log: Log;
  /** Throws ERR_DISK_LOW where the disk of the books has no room left. */
  requireRoomToStore?: (() => void) | undefined;
  /** Told of each request that came; returns what is told of its answer. */
  countRequest?: (() => (path: string, status: number) => void) | undefined;
}

const BODY_BYTES_MAX = 5 * 1024 * 1024;
const FORM_BYTES_MAX = 64 * 1024;
/** Counted for a client that left before its answer; nobody is sent it. */
const GONE = 499;

/** Builds the application from its collaborators. */
export function createApp(deps: IngestDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  if (deps.countRequest !== undefined) app.use(counted(deps.countRequest));
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'alive' });
  });
  app.get('/readyz', async (_request, response) => {
    await deps.checkReady();
    response.json({ status: 'ready' });
  });
  // Langfuse's SDKs may ask this before they send.
  app.get('/api/public/health', async (_request, response) => {
    await deps.checkReady();
    response.json({ status: 'OK', version: '3.0.0' });
  });
  app.get('/openapi.json', (_request, response) => {
    response.json(describeApi());
  });
  const hasRoom: RequestHandler = (_request, _response, next) => {
    deps.requireRoomToStore?.();
    next();
  };
  const readBody = express.raw({ type: () => true, limit: BODY_BYTES_MAX });
  for (const route of USAGE_ROUTES) {
    app
      .route(route.path)
      .all(servedBy(route))
      .post(hasRoom, authenticated(deps, route), readBody, receiveUsage(deps, route))
      .all((_request, response) => {
        response.set('allow', 'POST').status(405).json(plainError('ERR_INPUT', 'use POST'));
      });
  }
  if (deps.twilio !== undefined) serveTwilio(app, deps.twilio, hasRoom);
  app.use((request, response) => {
    response.status(404).json(plainError('ERR_NOT_FOUND', `there is nothing at ${request.path}`));
  });
  app.use(answerError(deps.log));
  return app;
}

/** A request ends once, with its answer or with the connection. */
function counted(countRequest: NonNullable<IngestDeps['countRequest']>) {
  return (request: Request, response: Response, next: () => void) => {
    const { path } = request;
    const tell = countRequest();
    const end = () => tell(path, response.headersSent ? response.statusCode : GONE);
    response.once('close', end);
    next();
  };
}

/** Answered with nothing to say: a reply in the response would be sent again with every retry. */
function serveTwilio(app: Express, twilio: TwilioWebhooks, hasRoom: RequestHandler): void {
  const readForm = express.raw({ type: () => true, limit: FORM_BYTES_MAX });
  const webhooks = {
    '/webhooks/twilio/sms': twilio.receiveMessage,
    '/webhooks/twilio/status': twilio.receiveStatus,
  };
  for (const [path, receive] of Object.entries(webhooks)) {
    app
      .route(path)
      .post(hasRoom, readForm, async (request, response) => {
        await receive({
          pathAndQuery: request.originalUrl,
          signature: request.get('x-twilio-signature'),
          contentType: request.get('content-type') ?? '',
          body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        });
        response.type('text/xml').send('<Response/>');
      })
      .all((_request, response) => {
        response.set('allow', 'POST').status(405).json(plainError('ERR_INPUT', 'use POST'));
      });
  }
}

/** An error on the way is answered in the words of the route's format. */
function servedBy(route: UsageRoute) {
  return (_request: Request, response: Response, next: () => void) => {
    response.locals.route = route;
    next();
  };
}

/** Runs before the body is read: a stranger's five megabytes are not worth reading. */
function authenticated({ authenticate }: IngestDeps, { takesBasic }: UsageRoute) {
  return async (request: Request, response: Response, next: () => void) => {
    const { authorization } = request.headers;
    const identity = await authenticate(takesBasic ? bearerOf(authorization) : authorization);
    requireScope(identity, 'usage:write');
    response.locals.clientId = identity.clientId;
    next();
  };
}

function receiveUsage({ storeUsage, log }: IngestDeps, route: UsageRoute) {
  return async (request: Request, response: Response) => {
    const { items, answer } = route.read({
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      contentType: request.headers['content-type'] ?? '',
      headers: request.headers,
      receivedAt: new Date(),
    });
    const clientId = response.locals.clientId as string;
    const results = await storeUsage(clientId, items);
    log.info('usage.received', { clientId, path: route.path, ...countResults(results) });
    send(response, answer(results));
  };
}

function send(response: Response, { status, contentType, headers, body }: HttpAnswer): void {
  response.status(status).set(headers ?? {});
  if (contentType !== undefined) response.type(contentType);
  if (body === undefined) response.end();
  else if (Buffer.isBuffer(body)) response.send(body);
  else response.json(body);
}

function answerError(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const route = response.locals.route as UsageRoute | undefined;
    const plain = toErrorResponse(error);
    const contentType = request.headers['content-type'] ?? '';
    const answer = route === undefined ? plain : route.refuse(plain, contentType);
    const { status } = answer;
    const fields = {
      method: request.method,
      path: request.path,
      status,
      message: messageOf(error),
    };
    if (status >= 500) log.error('request.failed', fields);
    else log.info('request.refused', fields);
    if (response.headersSent) return next(error);
    send(response, answer);
  };
}

function plainError(code: string, message: string) {
  return { error: { code, message } };
}
