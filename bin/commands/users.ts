// daybook users list | set | forget: the people who text, never shown with their whole number
import type { Command } from 'commander';
import { requireClient } from '../../core/clients.ts';
import { AppError } from '../../core/errors.ts';
import { type SmsConfig, TIERS, type Tier } from '../../core/sms-config.ts';
import {
  forgetSmsUser,
  listSmsUsers,
  type ProfileChanges,
  type SmsUser,
  type SmsUserChanges,
  setSmsUser,
} from '../../ingest/store/sms-users.ts';
import { maskPerson } from '../../reports/format.ts';
import { openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { printTable } from '../print.ts';

interface SetOptions {
  client: string;
  tier?: string;
  active?: string;
  admin?: string;
  executive?: string;
  timeZone?: string;
  email?: string;
  name?: string;
  locale?: string;
}

export function registerUsers(program: Command): void {
  const users = program.command('users').description('the people who text a client');
  users
    .command('list')
    .description('list them, the last active first; numbers are masked')
    .requiredOption('--client <id>', 'whom they text')
    .action(({ client }: { client: string }) => list(client));
  users
    .command('set <user>')
    .description('change one, given by user id or by number with its country code')
    .requiredOption('--client <id>', 'whom he texts')
    .option('--tier <tier>', `how much he may ask: ${TIERS.join(', ')}`)
    .option('--active <yes|no>', 'whether he is answered at all')
    .option('--admin <yes|no>', 'whether he has no limit')
    .option('--executive <yes|no>', 'whether he may ask for COST')
    .option('--time-zone <zone>', 'the zone that his months begin in')
    .option('--email <address>', 'his mail address')
    .option('--name <text>', 'his full name')
    .option('--locale <tag>', 'his language and region, such as pt-BR')
    .action((who: string, options: SetOptions) => change(who, options));
  users
    .command('forget <user>')
    .description('erase number, texts and profile, as FORGET ME does; figures keep a pseudonym')
    .requiredOption('--client <id>', 'whom he texts')
    .action((who: string, { client }: { client: string }) => forget(who, client));
}

function list(client: string): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const { config, now, pipelinePool, appPool } = openContext(lifecycle, { quiet: true });
    await requireClient(await pipelinePool(), client);
    const found = await listSmsUsers(await appPool(), client, now());
    printTable(
      [
        'user',
        'phone',
        'tier',
        'this month',
        'active',
        'admin',
        'executive',
        'last active',
        'gets',
      ],
      found.map((user) => [
        user.userId,
        maskPerson(user.phone),
        user.tier,
        usageOf(user, config.sms),
        ...[user.isActive, user.isAdmin, user.isExecutive].map((is) => (is ? 'yes' : 'no')),
        user.lastActiveAt.toISOString().slice(0, 16).replace('T', ' '),
        user.suppression === null ? 'texts' : `nothing: ${user.suppression}`,
      ]),
      'Nobody has texted yet.',
    );
  });
}

function change(who: string, options: SetOptions): Promise<void> {
  const changes = readChanges(options);
  return runWithLifecycle(async (lifecycle) => {
    const { config, now, pipelinePool, appPool } = openContext(lifecycle, { quiet: true });
    const { clientId } = await requireClient(await pipelinePool(), options.client);
    const named = { clientId, who, now: now() };
    const { user, beganAnew } = await setSmsUser(await appPool(), named, changes);
    const words = [
      user.tier,
      user.isActive ? 'active' : 'not active',
      ...(user.isAdmin ? ['admin'] : []),
      ...(user.isExecutive ? ['executive'] : []),
      `${usageOf(user, config.sms)} requests this month`,
    ];
    console.log(`${user.userId} is ${words.join(', ')}.`);
    if (beganAnew) console.log('The upgrade began the count anew, as one does in each month.');
  });
}

function forget(who: string, client: string): Promise<void> {
  return runWithLifecycle(async (lifecycle) => {
    const { now, pipelinePool, appPool } = openContext(lifecycle, { quiet: true });
    const { clientId } = await requireClient(await pipelinePool(), client);
    const userId = await forgetSmsUser(await appPool(), { clientId, who, now: now() });
    console.log(`Forgot ${userId}: number, texts and profile are erased, the figures stay.`);
  });
}

function usageOf({ tier, isAdmin, monthlyRequests }: SmsUser, { monthlyLimits }: SmsConfig) {
  return `${monthlyRequests} of ${isAdmin ? 'any number' : monthlyLimits[tier]}`;
}

function readChanges(options: SetOptions): SmsUserChanges {
  const { tier, active, admin, executive } = options;
  const profile: ProfileChanges = {
    ...(options.email === undefined ? {} : { email: options.email }),
    ...(options.name === undefined ? {} : { fullName: options.name }),
    ...(options.locale === undefined ? {} : { locale: options.locale }),
    ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
  };
  const changes = {
    ...(tier === undefined ? {} : { tier: parseTier(tier) }),
    ...(active === undefined ? {} : { isActive: parseYesNo('--active', active) }),
    ...(admin === undefined ? {} : { isAdmin: parseYesNo('--admin', admin) }),
    ...(executive === undefined ? {} : { isExecutive: parseYesNo('--executive', executive) }),
    ...(Object.keys(profile).length === 0 ? {} : { profile }),
  };
  if (Object.keys(changes).length > 0) return changes;
  throw new AppError('ERR_USAGE', 'there is nothing to change', {
    fix: 'give --tier, --active or another option; see: npm run daybook -- users set --help',
  });
}

function parseTier(text: string): Tier {
  const tier = TIERS.find((candidate) => candidate === text);
  if (tier !== undefined) return tier;
  throw new AppError('ERR_USAGE', `there is no tier "${text}"`, {
    fix: `choose from: ${TIERS.join(', ')}`,
  });
}

function parseYesNo(option: string, text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new AppError('ERR_USAGE', `${option} is "${text}"`, { fix: 'give yes or no' });
}
