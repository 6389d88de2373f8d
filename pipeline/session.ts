// One warehouse for all that a tick does: opened when it is first asked for, refreshed once, held until
// the tick ends. It decides nothing about what is done with it.
import type { Warehouse } from './warehouse.ts';

export interface SessionDeps {
  /** Opens the warehouse for the length of `work`. */
  withWarehouse: <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>;
  /** Copies what is new and builds upon it; returns how many rows were copied. */
  refresh: (warehouse: Warehouse) => Promise<number>;
}

interface Fresh {
  warehouse: Warehouse;
  copiedRows: number;
}

export interface Session {
  /** The refreshed warehouse; rejects each time in the same way where it cannot be had. */
  fresh(): Promise<Fresh>;
  /** True after a rejection: nothing of this tick can have the warehouse. */
  hasFailed(): boolean;
  wasOpened(): boolean;
  /** Lets go of the warehouse. */
  close(): Promise<void>;
}

export function openSession({ withWarehouse, refresh }: SessionDeps): Session {
  const held = Promise.withResolvers<void>();
  let fresh: Promise<Fresh> | undefined;
  let ended: Promise<void> | undefined;
  let hasFailed = false;
  const open = () => {
    const { promise, resolve, reject } = Promise.withResolvers<Fresh>();
    ended = withWarehouse(async (warehouse) => {
      resolve({ warehouse, copiedRows: await refresh(warehouse) });
      await held.promise;
    }).catch((error: unknown) => {
      hasFailed = true;
      reject(error);
    });
    return promise;
  };
  return {
    fresh: () => {
      fresh ??= open();
      return fresh;
    },
    hasFailed: () => hasFailed,
    wasOpened: () => fresh !== undefined,
    close: async () => {
      held.resolve();
      await ended;
    },
  };
}
