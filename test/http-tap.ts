// Stands between a process and a server, passes everything on, and tells of each request's way: so a
// test can kill the process at an exact step. Breaks off where it is told to.
import { Agent, request as startRequest } from 'node:http';
import { type Answer, type Received, startLoopbackServer } from './stand-ins/http-server.ts';

/**
 * "asked": the request has come and is not passed on yet. "underway": it is passed on. "done": its
 * answer has come and is not passed back yet. "told": it is passed back.
 */
export type TapPoint = 'asked' | 'underway' | 'done' | 'told';

export interface Passage {
  method: string;
  path: string;
  /** What is asked. */
  body: Buffer;
  /** Once it has come. */
  answer?: { status: number; headers: Record<string, string>; body: Buffer };
}

export interface Tap {
  url: string;
  /** Where requests go; undefined: nowhere, the connection is reset. */
  target: string | undefined;
  close(): Promise<void>;
}

/** Starts a tap; where `watch` returns true the request goes no further. */
export async function startTap(
  watch: (point: TapPoint, passage: Passage) => boolean,
  target?: string,
): Promise<Tap> {
  const agent = new Agent({ keepAlive: false });
  const server = await startLoopbackServer((received, answer) =>
    pass(tap.target, agent, watch, received, answer),
  );
  const tap: Tap = { url: server.url, target, close: server.close };
  return tap;
}

async function pass(
  target: string | undefined,
  agent: Agent,
  watch: (point: TapPoint, passage: Passage) => boolean,
  { method, path, query, headers, body }: Received,
  answer: Answer,
): Promise<void> {
  const passage: Passage = { method, path, body };
  if (target === undefined || watch('asked', passage)) return answer.reset();
  const search = query.size === 0 ? '' : `?${query}`;
  const { host: _, connection: __, ...kept } = headers;
  const answered = new Promise<Required<Passage>['answer']>((resolve, reject) => {
    const options = { method, agent, headers: kept };
    const sent = startRequest(`${target}${path}${search}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 502, headers: told } = response;
        const { connection: ___, 'transfer-encoding': ____, ...plain } = told;
        const all = plain as Record<string, string>;
        resolve({ status: statusCode, headers: all, body: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
  // Whoever listens may leave before the answer comes.
  answered.catch(() => undefined);
  if (watch('underway', passage)) return answer.reset();
  try {
    passage.answer = await answered;
  } catch {
    return answer.reset();
  }
  if (watch('done', passage)) return answer.reset();
  answer.bytes(passage.answer.status, passage.answer.body, passage.answer.headers);
  setImmediate(() => watch('told', passage));
}
