// Many callers, one question: those that ask while an answer is under way share the next one.

interface Runs<Value> {
  next: Promise<Value> | undefined;
  current: Promise<unknown>;
}

/**
 * Wraps an asynchronous lookup so that one runs at a time per key. Nobody gets an answer whose run
 * began before he asked, so what was changed before a call is always seen by it.
 */
export function shareNextRun<Value>(
  run: (key: string) => Promise<Value>,
): (key: string) => Promise<Value> {
  const runs = new Map<string, Runs<Value>>();
  return (key) => {
    const found = runs.get(key);
    if (found?.next !== undefined) return found.next;
    const own: Runs<Value> = found ?? { next: undefined, current: Promise.resolve() };
    runs.set(key, own);
    const start = () => {
      own.next = undefined;
      const running = run(key);
      own.current = running;
      const end = () => {
        if (own.current === running && own.next === undefined) runs.delete(key);
      };
      running.then(end, end);
      return running;
    };
    own.next = own.current.then(start, start);
    return own.next;
  };
}
