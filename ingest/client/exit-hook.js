// Delivers what is queued when the process has nothing else to do. Listens only while something is
// queued, and takes no signal: a handler of SIGTERM belongs to the application.

/** @type {Set<() => Promise<void>>} */
const pending = new Set();

/** Calls `drain` before the process ends, as long as it is not taken back. @param {() => Promise<void>} drain */
export function drainBeforeExit(drain) {
  if (pending.size === 0) runtimeProcess()?.on?.('beforeExit', drainAll);
  pending.add(drain);
}

/** @param {() => Promise<void>} drain */
export function forgetDrain(drain) {
  pending.delete(drain);
  if (pending.size === 0) runtimeProcess()?.off?.('beforeExit', drainAll);
}

function drainAll() {
  for (const drain of pending) void drain();
}

/** @returns {Partial<Pick<NodeJS.Process, 'on' | 'off'>> | undefined} none outside Node and its kin */
function runtimeProcess() {
  return globalThis.process;
}
