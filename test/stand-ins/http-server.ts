// What both stand-ins share: a server on loopback whose port survives a pause, requests read whole,
// answers in JSON. Knows nothing of Twilio or OpenAI.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Received {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Answer {
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  bytes(status: number, body: Buffer | string, headers: Record<string, string>): void;
  /** Closes the connection without an answer. */
  reset(): void;
  /** Sends headers and half a body, then nothing more. */
  stall(contentType: string, start: string): void;
}

export interface LoopbackServer {
  url: string;
  /** Refuses connections from now on, as a server that is down. */
  pause(): Promise<void>;
  /** Takes them again, at the same address. */
  resume(): Promise<void>;
  /** Destroys every connection, answered or not. */
  close(): Promise<void>;
}

/** Starts a server; a handler that never answers leaves the connection hanging. */
export async function startLoopbackServer(
  handle: (request: Received, answer: Answer) => void | Promise<void>,
): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void readRequest(request)
      .then((received) => handle(received, answerOn(response)))
      .catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const pause = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}`, pause, resume: () => listen(port), close: pause };
}

async function readRequest(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
  return {
    method: request.method ?? 'GET',
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks),
  };
}

function answerOn(response: ServerResponse): Answer {
  const bytes: Answer['bytes'] = (status, body, headers) => {
    response.writeHead(status, headers).end(body);
  };
  return {
    bytes,
    json: (status, body, headers) => {
      const all = { 'content-type': 'application/json; charset=utf-8', ...headers };
      bytes(status, JSON.stringify(body), all);
    },
    reset: () => void response.socket?.destroy(),
    stall: (contentType, start) => {
      response.writeHead(200, { 'content-type': contentType, 'content-length': '100000' });
      response.write(start);
    },
  };
}
