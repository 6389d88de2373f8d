// Keeps the leases of the tasks that a process works on: short, so that another takes over soon from one
// that is gone, and prolonged together for as long as the work lasts. Asked to by the agent's poll.
import { type Pool, withTransaction } from '../../core/postgres.ts';
import { renewTasks } from '../store/tasks.ts';
import { TASK_LEASE_MS, type TakenTask } from './take-task.ts';

export interface Leases {
  /** Prolongs a task's lease from now on, until it is let go. */
  hold(taken: TakenTask): Hold;
  /** Prolongs those whose turn it is. Throws while the books are away; then it is their turn again. */
  renew(): Promise<void>;
}

export interface Hold {
  /** Aborted when the task is another's. */
  lost: AbortSignal;
  letGo(): void;
}

export interface LeasesDeps {
  pool: Pool;
  now: () => Date;
  /** How long after it was taken or prolonged a lease is prolonged. */
  renewAfterMs?: number;
}

interface HeldTask {
  clientId: string;
  taskId: string;
  fence: bigint;
  renewedAt: number;
  losing: AbortController;
}

/** Twice it may fail before a lease ends. */
const RENEW_AFTER_MS = 15_000;

/** Makes the keeper; it holds nothing yet. */
export function createLeases({ pool, now, renewAfterMs = RENEW_AFTER_MS }: LeasesDeps): Leases {
  const held = new Set<HeldTask>();
  const renewOf = async (clientId: string, tasks: HeldTask[]) => {
    const instant = now().getTime();
    const leaseEnd = new Date(instant + TASK_LEASE_MS);
    const rows = await withTransaction(pool, { clientId }, (connection) =>
      renewTasks(connection, clientId, tasks, leaseEnd),
    );
    const states = new Map(rows.map((row) => [row.task_id, row.is_renewed]));
    for (const task of tasks) {
      const isRenewed = states.get(task.taskId);
      if (isRenewed === undefined) {
        held.delete(task);
        task.losing.abort();
      } else if (isRenewed) task.renewedAt = instant;
    }
  };
  return {
    hold: ({ clientId, task, takenAt }) => {
      const { task_id: taskId, fence } = task;
      const losing = new AbortController();
      const one = { clientId, taskId, fence, renewedAt: takenAt.getTime(), losing };
      held.add(one);
      return { lost: losing.signal, letGo: () => held.delete(one) };
    },
    renew: async () => {
      const until = now().getTime() - renewAfterMs;
      const due = [...held].filter(({ renewedAt }) => renewedAt <= until);
      for (const [clientId, tasks] of Map.groupBy(due, (task) => task.clientId)) {
        await renewOf(clientId, tasks);
      }
    },
  };
}
