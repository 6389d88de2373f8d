// What tests of the application SDK share: a road to the ingest server that can fail, and the rows
// that came of it. Never imported outside tests.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Pool, query } from '../../core/postgres.ts';

/** What happens to one request on the road; "break" loses the answer after the commit. */
export type Fault = 'break' | { status: number; headers?: Record<string, string>; text?: string };

export interface Road {
  url: string;
  /** Met by the next requests, one each; then all pass. */
  faults: Fault[];
  /** The bodies that arrived, in order. */
  bodies: string[];
  close(): Promise<void>;
  /** Opens again at the same port. */
  open(): Promise<void>;
}

/** A reverse proxy in front of the ingest server. */
export async function buildRoad(target: string): Promise<Road> {
  let server: Server | undefined;
  let port = 0;
  const road: Road = {
    url: '',
    faults: [],
    bodies: [],
    close: async () => {
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    },
    open: async () => {
      server = createServer((request, response) => void pass(road, target, request, response));
      port = await listen(server, port);
      road.url = `http://127.0.0.1:${port}`;
    },
  };
  await road.open();
  return road;
}

async function pass(road: Road, target: string, request: IncomingMessage, out: ServerResponse) {
  const body = await readBody(request);
  road.bodies.push(body);
  const fault = road.faults.shift();
  if (fault !== undefined && fault !== 'break') {
    out.writeHead(fault.status, fault.headers).end(fault.text ?? 'a fault');
    return;
  }
  const { authorization = '', 'content-type': type = '' } = request.headers;
  const headers = { authorization, 'content-type': type };
  const answer = await fetch(`${target}${request.url}`, { method: 'POST', headers, body });
  const text = await answer.text();
  if (fault === 'break') out.destroy();
  else out.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Listens on loopback and gives the port. */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The rows of an event id, or all, with the columns that an application sets. */
export function readEvents(owner: Pool, id?: string): Promise<Record<string, unknown>[]> {
  return query(
    owner,
    `select event_id, client_id, provider, model, operation, status, error_type, streamed, phone,
            conversation_id, user_id, request_id, served_model, service_tier,
            raw_usage, metadata, estimated, cost::text, cost_status,
            input_tokens::int, output_tokens::int, audio_seconds::float, images::int,
            latency_ms::float, ttft_ms::float
     from usage_events where $1::text is null or event_id = $1 order by received_at, event_id`,
    [id ?? null],
  );
}
