// What the reader of a report must know before any of its figures: that its data end before the period
// does, or so soon after it that more may come. A period that is simply open says so in its lede.

import { isClosed } from '../../pipeline/freshness.ts';
import { GRACE_MINUTES } from '../../pipeline/periods.ts';
import { formatInstant } from '../format.ts';
import type { ExecutiveFacts } from './facts.ts';

/** The notice; absent where the period is closed, or open by the clock as well. */
export function noticeOf({ freshness, client, asOf, now }: ExecutiveFacts): {
  notice?: { lead: string; rest: string };
} {
  if (isClosed(freshness)) return {};
  const { dataAt, endsAt } = freshness;
  const at = (instant: string) => formatInstant(instant, client.timeZone);
  const isOver = (instant: string) => Date.parse(instant) >= Date.parse(endsAt);
  if (!isOver(now)) return {};
  if (isOver(dataAt)) {
    const rest = `It ended less than ${GRACE_MINUTES} minutes before these data: more may come.`;
    return { notice: { lead: 'This period is not closed yet.', rest } };
  }
  const lead = `Data as of ${at(asOf)}.`;
  return { notice: { lead, rest: `The period ended ${at(endsAt)}: what came since is missing.` } };
}
