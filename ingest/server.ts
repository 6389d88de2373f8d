// Listens for the ingest application with limits on slow and idle clients, and drains on close.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../core/errors.ts';
import type { IngestDeps } from './app.ts';
import { createApp } from './app.ts';

export interface ListenOptions {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** A request must have arrived whole after this time, else it is answered 408. */
  requestTimeoutMs?: number;
}

export interface RunningServer {
  url: string;
  /** Stops accepting, lets running requests finish, then resolves. */
  close(): Promise<void>;
}

// A client that sends five megabytes over a slow line still needs only some seconds.
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 500;
const CONNECTIONS_MAX = 2_000;
const DRAIN_TIMEOUT_MS = 10_000;
const IDLE_CHECK_MS = 50;

/** Starts serving and resolves once the port is open. */
export async function startIngest(
  deps: IngestDeps,
  options: ListenOptions,
): Promise<RunningServer> {
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const server = createServer(
    {
      requestTimeout,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    createApp(deps),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${options.host}:${options.port}`;
      const fix = 'end what listens there, or set HOST and PORT to a free address';
      const message = `cannot listen on ${where}: ${cause.message}`;
      reject(new AppError('ERR_CONFIG', message, { cause, fix }));
    });
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, close: () => drain(server) };
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
    // A connection that was at work a moment ago would be kept open for its next request.
    const closeIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.close(() => {
      clearTimeout(giveUp);
      clearInterval(closeIdle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
