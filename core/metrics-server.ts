// Serves /metrics and /healthz on an address of their own, apart from what the world may reach.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from './errors.ts';
import { METRICS_CONTENT_TYPE, type Metrics } from './metrics.ts';

export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** The variable that names the port, for the error that tells of one that is taken. */
  variable: string;
  metrics: Metrics;
  /** False where the process runs but does not get on with its work. */
  isHealthy: () => boolean;
}

const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 20;

/** Starts serving. Throws ERR_CONFIG where the address is taken. */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, variable } = options;
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, answer(options));
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot serve metrics on ${host}:${port}: ${cause.message}`;
      const fix = `set ${variable} to a free port, or METRICS_HOST to an address of this machine`;
      reject(new AppError('ERR_CONFIG', message, { cause, fix }));
    });
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer({ metrics, isHealthy }: MetricsServerOptions): RequestListener {
  return async (request, response) => {
    const path = request.url?.split('?')[0];
    const send = (status: number, body: string, type = 'application/json') =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return void send(405, '{"error":{"code":"ERR_INPUT","message":"use GET"}}');
    }
    if (path === '/metrics') return void send(200, await metrics.text(), METRICS_CONTENT_TYPE);
    if (path === '/healthz' && isHealthy()) return void send(200, '{"status":"alive"}');
    if (path === '/healthz') return void send(503, '{"status":"stuck"}');
    send(404, '{"error":{"code":"ERR_NOT_FOUND","message":"there are /metrics and /healthz"}}');
  };
}
