// daybook logins create | list | remove
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import {
  createLogin,
  LOGIN_KINDS,
  type LoginKind,
  listLogins,
  loginUrl,
  removeLogin,
} from '../../core/logins.ts';
import { type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

interface CreateOptions {
  client: string;
  user?: string;
  kind?: string;
  name: string;
}

export function registerLogins(program: Command): void {
  const logins = program
    .command('logins')
    .description('Postgres logins of analysts and applications, held by row security');
  logins
    .command('create')
    .description('make a login and print its connection URL; the password is not shown again')
    .requiredOption('--client <id>', 'whose calls it sees')
    .option('--user <id>', 'only this user’s own')
    .option('--kind <kind>', 'analyst, or service (default: analyst; with --user: user)')
    .option('--name <text>', 'what it is for', 'unnamed')
    .action((options: CreateOptions) =>
      runWithLifecycle((lifecycle) => create(lifecycle, options)),
    );
  logins
    .command('list')
    .description('list the logins')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        const found = await listLogins(await context.pipelinePool());
        printTable(
          ['login', 'client', 'kind', 'user', 'name', 'created'],
          found.map((login) => [
            login.role,
            login.clientId,
            login.kind,
            login.userId ?? '',
            login.label,
            login.createdAt.toISOString().slice(0, 10),
          ]),
        );
      }),
    );
  logins
    .command('remove <login>')
    .description('end a login and its open sessions; give its name or its connection URL')
    .action((login: string) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await context.pipelinePool();
        await removeLogin(await context.ownerPool(), roleOf(login));
        console.log('Removed.');
      }),
    );
}

async function create(
  lifecycle: Parameters<typeof openContext>[0],
  options: CreateOptions,
): Promise<void> {
  const kind = parseKind(options);
  const context = openContext(lifecycle, { quiet: true });
  const { clientId } = await requireClient(await context.pipelinePool(), options.client);
  const userId = options.user ?? null;
  if (userId !== null) await nameUser(await context.appPool(), clientId, userId);
  const { role, password } = await createLogin(await context.ownerPool(), {
    clientId,
    userId,
    kind,
    label: options.name,
  });
  console.log(loginUrl(await context.ownerUrl(), role, password));
}

/** A person may log in before the first call that names him. */
async function nameUser(app: Pool, clientId: string, userId: string): Promise<void> {
  await withTransaction(app, { clientId }, (connection) =>
    query(connection, loadSql('postgres/queries/insert_users'), [clientId, [userId]]),
  );
}

function parseKind({
  user,
  kind = user === undefined ? 'analyst' : 'user',
}: CreateOptions): LoginKind {
  const found = LOGIN_KINDS.find((candidate) => candidate === kind);
  if (found !== undefined && (found === 'user') === (user !== undefined) && user !== '')
    return found;
  const problem =
    found === undefined
      ? `there is no kind "${kind}"`
      : 'the kind "user" and --user <id> go together';
  throw new AppError('ERR_USAGE', problem, {
    fix: 'give --kind analyst, --kind service, or --user <id>',
  });
}

function roleOf(text: string): string {
  return URL.canParse(text) ? decodeURIComponent(new URL(text).username) : text;
}
