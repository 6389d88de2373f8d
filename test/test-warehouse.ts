// A warehouse file of a test's own, in a folder that goes with it.
import { join } from 'node:path';
import { makeTestFolder } from '../core/test-support.ts';
import { openWarehouse, type Warehouse, type WarehousePaths } from '../pipeline/warehouse.ts';

export interface TestWarehouse {
  warehouse: Warehouse;
  paths: WarehousePaths;
  /** Closes the file, removes its folder. */
  remove(): void;
}

/** Opens an empty warehouse. */
export async function createTestWarehouse(): Promise<TestWarehouse> {
  const folder = makeTestFolder();
  const paths = {
    warehouse: join(folder.path, 'warehouse.duckdb'),
    staging: join(folder.path, 'staging'),
  };
  const warehouse = await openWarehouse(paths);
  return {
    warehouse,
    paths,
    remove: () => {
      warehouse.close();
      folder.remove();
    },
  };
}
