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
  /** True after a rejection: nothing of this tick can have the warehouse fresh. */
  hasFailed(): boolean;
  /** After a rejection, the warehouse with the figures that passed last; undefined if it is not open. */
  asItStands(): Warehouse | undefined;
  wasOpened(): boolean;
  /** Lets go of the warehouse. */
  close(): Promise<void>;
}

export function openSession({ withWarehouse, refresh }: SessionDeps): Session {
  const held = Promise.withResolvers<void>();
  let fresh: Promise<Fresh> | undefined;
  let ended: Promise<void> | undefined;
  let standing: Warehouse | undefined;
  let hasFailed = false;
  const open = () => {
    const { promise, resolve, reject } = Promise.withResolvers<Fresh>();
    const fail = (error: unknown) => {
      hasFailed = true;
      reject(error);
    };
    ended = withWarehouse(async (warehouse) => {
      standing = warehouse;
      const refreshed = refresh(warehouse);
      refreshed.then((copiedRows) => resolve({ warehouse, copiedRows }), fail);
      await Promise.allSettled([refreshed, held.promise]);
      // Whoever opened the file is told what was wrong with it.
      await refreshed;
    })
      .catch(fail)
      .finally(() => {
        standing = undefined;
      });
    return promise;
  };
  return {
    fresh: () => {
      fresh ??= open();
      return fresh;
    },
    hasFailed: () => hasFailed,
    asItStands: () => (hasFailed ? standing : undefined),
    wasOpened: () => fresh !== undefined,
    close: async () => {
      held.resolve();
      await ended;
    },
  };
}
