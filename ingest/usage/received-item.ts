// Items of the JSON formats beside the native one: received values → events, each read by its
// format. A bad item never takes the others with it. Pure.
import type { ParsedItem, Rejection } from './event.ts';
import { type Candidate, findShapeProblem, readCandidate } from './native.ts';
import type { ProviderReading } from './providers/call.ts';
import { checkItemCount } from './request-body.ts';

/** A format's reading of one object: what it tells, or why it is not taken. */
export type ReadItem = (received: Record<string, unknown>) => Candidate | { rejection: Rejection };

/** Reads each received value as an item of the format. Throws ERR_TOO_LARGE. */
export function parseItems(received: unknown[], read: ReadItem): ParsedItem[] {
  checkItemCount(received.length);
  return received.map((item) => parseItem(item, read));
}

/** Reads one received value. Never throws: whatever is wrong comes back as a rejection. */
function parseItem(item: unknown, read: ReadItem): ParsedItem {
  const problem = findShapeProblem(item);
  if (problem !== undefined) return { rejection: { id: null, field: '', reason: problem } };
  const received = item as Record<string, unknown>;
  if (Object.hasOwn(received, '__proto__')) {
    return { rejection: { id: null, field: '__proto__', reason: 'is no field of this format' } };
  }
  const candidate = read(received);
  return 'rejection' in candidate ? candidate : readCandidate(candidate);
}

/** The refusal of an item whose raw usage holds a figure that is none; undefined where all are. */
export function refuseFigures(
  id: unknown,
  { flags, reasons }: ProviderReading,
): { rejection: Rejection } | undefined {
  if (!flags.includes('unreadable_figure')) return undefined;
  const reason =
    reasons.find((text) => text.endsWith(': left out')) ?? 'holds a figure that is none';
  return { rejection: { id: typeof id === 'string' ? id : null, field: 'usage', reason } };
}
