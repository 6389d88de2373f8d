// Tells the failed calls that a provider surely charges nothing for from those of which nobody
// knows. Pure.
import type { UsageEvent } from '../usage/event.ts';
import { usedUnits } from './units.ts';

/**
 * No access, no credit, no such model, too many requests: refused before any work was done. Azure
 * says that what it did no processing for is not charged, with 401 and 429 as examples, and that a
 * 400 (a content filter, an input that is too long) or a 408 may be
 * (https://learn.microsoft.com/azure/ai-services/openai/how-to/manage-costs). So any other failure
 * stays unknown: a bad request, a timeout, a lost connection, an error of the server.
 */
const REFUSALS = new RegExp(
  [
    '^(?:http)?40[1234]$',
    '^(?:http)?429$',
    'ratelimit|toomanyrequests|resourceexhausted|throttl',
    'quotaexceeded|insufficientquota|insufficientcredit|paymentrequired',
    'authenticationerror|unauthorized|unauthenticated|invalidapikey|incorrectapikey',
    'permissiondenied|permissionerror|accessdenied|forbidden',
    'modelnotfound|notfounderror|^notfound$',
  ].join('|'),
);
const NOTHING_READ = new Set([null, '{}']);

/** True for a call that failed before it used anything, by the provider's own word for it. */
export function isRefused(event: UsageEvent): boolean {
  const { status, errorType, ttftMs, rawUsage } = event;
  if (status !== 'error' || errorType === null) return false;
  // What was answered in part was worked on, whatever ended it.
  if (ttftMs !== null || usedUnits(event).length > 0) return false;
  // A usage object that holds no count we know may hold others.
  const isRead = NOTHING_READ.has(rawUsage) || tellsZero(event);
  return isRead && REFUSALS.test(errorType.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** True where a total was told, which is then 0. */
function tellsZero({ inputTokens, outputTokens }: UsageEvent): boolean {
  return inputTokens !== null || outputTokens !== null;
}
