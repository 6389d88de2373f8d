// Requests that arrive while a write is under way share the next one. Each is answered only when its
// own write is done; one that cannot be written does not take the others with it.
import { isUnavailable } from '../../core/postgres.ts';

/** Told of how requests come together. */
export interface GroupWatcher {
  /** How many requests wait for a write. */
  onWaiting(count: number): void;
  /** How many requests share the write that begins. */
  onGroup(requests: number): void;
}

export interface Grouping<Request, Result> {
  /** How many writes run at a time: while one commits, the next one is being written. */
  lanes: number;
  sizeMax: number;
  sizeOf(request: Request): number;
  /** Writes all in one transaction and returns their results in order; nothing if it throws. */
  writeTogether(requests: Request[]): Promise<Result[]>;
  writeAlone(request: Request): Promise<Result>;
  watcher?: GroupWatcher | undefined;
}

interface Waiting<Request, Result> {
  request: Request;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Wraps a writer so that concurrent requests are written in groups. */
export function groupWrites<Request, Result>(
  grouping: Grouping<Request, Result>,
): (request: Request) => Promise<Result> {
  const waiting: Waiting<Request, Result>[] = [];
  const { watcher } = grouping;
  let busyLanes = 0;
  const work = async () => {
    busyLanes += 1;
    while (waiting.length > 0) {
      const group = takeGroup(grouping, waiting);
      watcher?.onGroup(group.length);
      watcher?.onWaiting(waiting.length);
      await writeGroup(grouping, group);
    }
    busyLanes -= 1;
  };
  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      if (busyLanes < grouping.lanes) void work();
      else watcher?.onWaiting(waiting.length);
    });
}

function takeGroup<Request, Result>(
  { sizeMax, sizeOf }: Grouping<Request, Result>,
  waiting: Waiting<Request, Result>[],
): Waiting<Request, Result>[] {
  let size = 0;
  const full = waiting.findIndex(({ request }) => {
    size += sizeOf(request);
    return size > sizeMax;
  });
  return waiting.splice(0, full === -1 ? waiting.length : Math.max(1, full));
}

/** Settles every request of the group; never throws. */
async function writeGroup<Request, Result>(
  { writeTogether, writeAlone }: Grouping<Request, Result>,
  group: Waiting<Request, Result>[],
): Promise<void> {
  try {
    const results = await writeTogether(group.map(({ request }) => request));
    for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
  } catch (error) {
    // Nothing was committed. Books that are away are away for each of them.
    if (group.length === 1 || isUnavailable(error)) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const { request, resolve, reject } of group) {
      await writeAlone(request).then(resolve, reject);
    }
  }
}
