// daybook tokens create | revoke
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { createToken, revokeToken, SCOPES, type Scope } from '../../ingest/api/tokens.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';

export function registerTokens(program: Command): void {
  const tokens = program.command('tokens').description('bearer tokens of the usage API');
  tokens
    .command('create')
    .description('make a token and print it; it cannot be shown again')
    .requiredOption('--client <id>', 'whose token it is')
    .option('--name <text>', 'what it is for', 'unnamed')
    .option('--scope <scope...>', `what it may do: ${SCOPES.join(', ')}`, ['usage:write'])
    .action((options: { client: string; name: string; scope: string[] }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await requireClient(await context.pipelinePool(), options.client);
        const scopes = options.scope.map(parseScope);
        const token = await createToken(await context.appPool(), {
          clientId: options.client,
          name: options.name,
          scopes,
        });
        console.log(token);
      }),
    );
  tokens
    .command('revoke <token>')
    .description('end a token, given whole or by the 16 characters after "dbk_"')
    .requiredOption('--client <id>', 'whose token it is')
    .action((token: string, options: { client: string }) =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle, { quiet: true });
        await revokeToken(await context.appPool(), options.client, token, context.now());
        console.log('Revoked.');
      }),
    );
}

function parseScope(text: string): Scope {
  const scope = SCOPES.find((candidate) => candidate === text);
  if (scope !== undefined) return scope;
  throw new AppError('ERR_USAGE', `there is no scope "${text}"`, {
    fix: `choose from: ${SCOPES.join(', ')}`,
  });
}
