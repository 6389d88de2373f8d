// A process that refreshes a warehouse and dies of SIGKILL right before its n-th statement. For tests of
// what a crash leaves behind. Prints how many statements there were when it lives to the end.
import { createLog } from '../core/log.ts';
import { createPool } from '../core/postgres.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { openWarehouse, type Warehouse } from '../pipeline/warehouse.ts';

const [url = '', path = '', staging = '', dieAt = '', mode = ''] = process.argv.slice(2);
let statements = 0;

function dyingAt(warehouse: Warehouse, last: number): Warehouse {
  const counted = <Arguments extends unknown[], Result>(
    act: (...given: Arguments) => Promise<Result>,
  ) => {
    return (...given: Arguments): Promise<Result> => {
      statements += 1;
      if (statements === last) process.kill(process.pid, 'SIGKILL');
      return act(...given);
    };
  };
  return {
    ...warehouse,
    run: counted(warehouse.run),
    rows: counted(warehouse.rows) as Warehouse['rows'],
    transaction: (work) => {
      const wrapped = async () => {
        const result = await work();
        // The commit is a step, too.
        statements += 1;
        if (statements === last) process.kill(process.pid, 'SIGKILL');
        return result;
      };
      return mode === 'torn' ? wrapped() : warehouse.transaction(wrapped);
    },
  };
}

const log = createLog({ level: 'error' });
const pool = createPool({ url, applicationName: 'refresh process', log, max: 2 });
const warehouse = await openWarehouse({ warehouse: path, staging });
await refreshWarehouse({ pool, warehouse: dyingAt(warehouse, Number(dieAt)), log });
warehouse.close();
await pool.end();
console.log(statements);
