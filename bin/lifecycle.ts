// What a command opens is closed again: at its end, on an error, and on SIGINT or SIGTERM, in the
// reverse order of opening.

export interface Lifecycle {
  /** Registers what to do at the end. */
  onEnd(release: () => Promise<unknown> | unknown): void;
  /** Long-running commands end by themselves when asked; all others are cut short. */
  waitForStop(): Promise<void>;
}

const EXIT_INTERRUPTED = 130;
// A second signal, or a release that hangs, must not keep the process for ever.
const RELEASE_TIMEOUT_MS = 40_000;

/** Runs a command and releases everything, however it ends. */
export async function runWithLifecycle(
  command: (lifecycle: Lifecycle) => Promise<void>,
): Promise<void> {
  const releases: (() => Promise<unknown> | unknown)[] = [];
  let isWaiting = false;
  let releasing: Promise<void> | undefined;
  const release = () => {
    releasing ??= releaseAll(releases);
    return releasing;
  };
  const stopped = new Promise<void>((resolve) => {
    const onSignal = () => {
      resolve();
      if (isWaiting || releasing !== undefined) return;
      void release().then(() => process.exit(EXIT_INTERRUPTED));
    };
    // More than once: a terminal signals the whole group, and npm passes the signal on again.
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    // A supervised process does not outlive its supervisor.
    process.on('disconnect', onSignal);
  });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has seen enough, as `head` has; what the command does goes on.
    if (error.code !== 'EPIPE') throw error;
  });
  const waitForStop = () => {
    isWaiting = true;
    return stopped;
  };
  try {
    await command({ onEnd: (callback) => void releases.push(callback), waitForStop });
  } finally {
    await release();
    if (process.connected) process.disconnect();
  }
}

async function releaseAll(releases: (() => Promise<unknown> | unknown)[]): Promise<void> {
  const giveUp = setTimeout(() => process.exit(1), RELEASE_TIMEOUT_MS);
  for (let next = releases.pop(); next !== undefined; next = releases.pop()) {
    // One release that fails must not keep the others from running.
    await Promise.resolve()
      .then(next)
      .catch((error: Error) => process.stderr.write(`${error.message}\n`));
  }
  clearTimeout(giveUp);
}
