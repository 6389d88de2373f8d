// Keeps a bounded number of jobs going for as long as there are any; what a job does and where it comes
// from is the caller's. A job that fails stops no other.

export interface Pump {
  /** Looks for jobs now; also each time one ends, until none is found. */
  wake(): void;
  /** Takes no more jobs and resolves when the last one has ended. */
  stop(): Promise<void>;
}

export interface PumpOptions<Job> {
  /** How many run at a time. */
  width: number;
  /** The next job, or undefined for now. */
  take(): Promise<Job | undefined>;
  run(job: Job): Promise<void>;
  /** Of taking and running; must not throw. */
  onError(error: unknown): void;
}

/** Makes a pump that stands still until it is woken. */
export function createPump<Job>({ width, take, run, onError }: PumpOptions<Job>): Pump {
  const running = new Set<Promise<void>>();
  let isStopped = false;
  let isTaking = false;
  let isWanted = false;
  let taking: Promise<void> = Promise.resolve();

  const start = (job: Job) => {
    const work = run(job)
      .catch(onError)
      .finally(() => {
        running.delete(work);
        wake();
      });
    running.add(work);
  };
  const fill = async () => {
    while (isWanted && !isStopped) {
      isWanted = false;
      while (running.size < width && !isStopped) {
        const job = await take();
        if (job === undefined) break;
        start(job);
      }
    }
  };
  const wake = () => {
    isWanted = true;
    if (isTaking || isStopped) return;
    isTaking = true;
    taking = fill()
      .catch(onError)
      .finally(() => {
        isTaking = false;
        // Somebody may have asked after it looked the last time.
        if (isWanted) wake();
      });
  };
  return {
    wake,
    stop: async () => {
      isStopped = true;
      await taking;
      await Promise.all(running);
    },
  };
}
