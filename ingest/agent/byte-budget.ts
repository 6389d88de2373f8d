// Bounds the bytes that are in memory at a time: whoever wants more than is free waits, in the order of
// asking. Knows nothing of what the bytes are.

export interface ByteBudget {
  /** A share of at most so many bytes, once they are free; throws where the signal ends the wait. */
  take(bytes: number, signal: AbortSignal): Promise<Share>;
}

export interface Share {
  /** Gives back all but so many. */
  keep(bytes: number): void;
  giveBack(): void;
}

interface Waiter {
  bytes: number;
  start(share: Share): void;
}

/** Makes a budget. Who asks for more than all of it gets all. */
export function createByteBudget(bytesMax: number): ByteBudget {
  const waiters: Waiter[] = [];
  let free = bytesMax;
  const shareOf = (bytes: number): Share => {
    let kept = bytes;
    const keep = (fewer: number) => {
      if (fewer >= kept) return;
      free += kept - fewer;
      kept = fewer;
      startNext();
    };
    return { keep, giveBack: () => keep(0) };
  };
  const startNext = () => {
    for (let next = waiters[0]; next !== undefined && next.bytes <= free; next = waiters[0]) {
      waiters.shift();
      free -= next.bytes;
      next.start(shareOf(next.bytes));
    }
  };
  return {
    take: (bytes, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const waiter = {
          bytes: Math.min(bytes, bytesMax),
          start: (share: Share) => {
            signal.removeEventListener('abort', leave);
            resolve(share);
          },
        };
        const leave = () => {
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(signal.reason);
          startNext();
        };
        signal.addEventListener('abort', leave, { once: true });
        waiters.push(waiter);
        startNext();
      }),
  };
}
