// The SMS agent at work: tasks are answered, texts are sent, the uncertain are looked up and the books
// compared with Twilio's, each by its own loop. All state is in Postgres, so any number may run.
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type { Log } from '../../core/log.ts';
import { listServedClients } from '../store/outbox.ts';
import { type AnswerDeps, answerTask } from './answer-task.ts';
import { createByteBudget } from './byte-budget.ts';
import { createTurns } from './compare-turns.ts';
import { recordRarely } from './error-log.ts';
import { createLeases } from './leases.ts';
import { createPump, type Pump } from './pump.ts';
import type { ReconcileDeps } from './reconcile.ts';
import { type ResolveDeps, resolveUncertain } from './resolve-uncertain.ts';
import { type ClaimedText, claimText, type SendDeps, sendText } from './send-texts.ts';
import { type TakenTask, takeTask } from './take-task.ts';

export interface AgentDeps
  extends Omit<AnswerDeps, 'signal' | 'lost' | 'mediaBudget' | 'twilio'>,
    Omit<SendDeps, 'circuit'>,
    Omit<ReconcileDeps, 'signal' | 'twilio'>,
    Omit<ResolveDeps, 'twilio'> {
  log: Log;
  /** How often the books are asked for work that nobody told of. */
  pollMs?: number;
  /** How often each number is compared with Twilio's list, by whichever process. */
  reconcileMs?: number;
  /** How long after it was taken or prolonged a task's lease is prolonged. */
  renewAfterMs?: number;
}

export interface Agent {
  /** A text was stored: there is work. */
  wake(): void;
  /** Compares the books with Twilio's at once. */
  reconcileNow(): Promise<void>;
  /** Ends what can be ended soon and gives the rest back. */
  stop(): Promise<void>;
}

const POLL_MS = 1_000;
const CLIENTS_FRESH_MS = 5_000;
const STOP_WAIT_MS = 8_000;
const ANSWERS_WIDTH = 32;
const SENDS_WIDTH = 16;
/** Of pictures and recordings; a request to the model holds its pictures twice more, as text. */
const MEDIA_BYTES_MAX = 100 * 1024 * 1024;

/** Starts the loops. */
export function startAgent(deps: AgentDeps): Agent {
  const stopping = new AbortController();
  const ofAgent = { ...deps, circuit: new Map(), signal: stopping.signal };
  const clients = createClientList(deps);
  const onError = (error: unknown) => void deps.errors.recordThrown(error);
  const senders: Pump = createPump<ClaimedText>({
    ...{ width: SENDS_WIDTH, onError },
    take: () => clients.firstWith((clientId) => claimText(ofAgent, clientId)),
    run: (claimed) => sendText(ofAgent, claimed),
  });
  // A model or a list that is away fails for every task, which is one error.
  const rarely = recordRarely(deps.errors, deps.now);
  const mediaBudget = createByteBudget(MEDIA_BYTES_MAX);
  const ofAnswers = { ...ofAgent, errors: rarely, mediaBudget };
  const leases = createLeases(deps);
  const ofLookUp = { ...deps, errors: rarely };
  const answerers: Pump = createPump<TakenTask>({
    ...{ width: ANSWERS_WIDTH, onError },
    take: async () => {
      const taken = await clients.firstWith((clientId) => takeTask(ofAgent, clientId));
      senders.wake();
      return taken;
    },
    run: async (taken) => {
      const { lost, letGo } = leases.hold(taken);
      await answerTask({ ...ofAnswers, lost }, taken).finally(letGo);
      senders.wake();
    },
  });
  const lookUp = oneAtATime(async () => {
    await clients.each(async (clientId) => {
      while (!stopping.signal.aborted && (await resolveUncertain(ofLookUp, clientId)))
        senders.wake();
    });
  }, onError);
  const turns = createTurns(ofAgent);
  const compare = async (gapMs: number) => {
    await clients.each((clientId) => turns.compare(clientId, gapMs));
    answerers.wake();
  };
  const compareDue = oneAtATime(() => compare(turns.gapMs()), onError);
  const compareNow = oneAtATime(() => compareDue.ended().then(() => compare(0)), onError);
  const renewLeases = oneAtATime(() => leases.renew(), onError);
  const wake = () => {
    void deps.errors.flush();
    void renewLeases();
    answerers.wake();
    senders.wake();
    void lookUp();
  };
  const timers = [setInterval(wake, deps.pollMs ?? POLL_MS), setInterval(compareDue, turns.tickMs)];
  wake();
  void compareDue();
  return {
    wake: () => answerers.wake(),
    reconcileNow: compareNow,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      stopping.abort();
      const comparing = [compareDue.ended(), compareNow.ended()];
      const working = [answerers.stop(), senders.stop(), lookUp.ended(), ...comparing];
      const ended = Promise.all(working).then(() => deps.errors.flush());
      await Promise.race([ended, setTimeoutPromise(STOP_WAIT_MS, undefined, { ref: false })]);
    },
  };
}

/** The clients that have numbers, asked for again after a while. */
function createClientList({ pool, now }: AgentDeps) {
  let known: string[] = [];
  let freshUntil = 0;
  let turn = 0;
  const list = async () => {
    if (now().getTime() < freshUntil) return known;
    known = await listServedClients(pool);
    freshUntil = now().getTime() + CLIENTS_FRESH_MS;
    return known;
  };
  return {
    each: async (visit: (clientId: string) => Promise<void>) => {
      for (const clientId of await list()) await visit(clientId);
    },
    /** The first job that `take` gives, of each client in turn; a word means to ask once more. */
    firstWith: async <Job extends object>(
      take: (clientId: string) => Promise<Job | string | undefined>,
    ): Promise<Job | undefined> => {
      const all = await list();
      turn += 1;
      for (let step = 0; step < all.length; step += 1) {
        const clientId = all[(turn + step) % all.length] as string;
        let taken = await take(clientId);
        while (typeof taken === 'string') taken = await take(clientId);
        if (taken !== undefined) return taken;
      }
      return undefined;
    },
  };
}

/** Runs `work` unless it runs already; then the running one is waited for. */
function oneAtATime(work: () => Promise<void>, onError: (error: unknown) => void) {
  let current: Promise<void> | undefined;
  const run = () => {
    current ??= work()
      .catch(onError)
      .finally(() => {
        current = undefined;
      });
    return current;
  };
  return Object.assign(run, { ended: async () => current });
}
