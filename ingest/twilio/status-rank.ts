// Pure: which delivery status of a message stands when callbacks come late, twice or out of order.
// Twilio orders none of them, so the highest one wins, whatever came first.

/**
 * From the lowest to the highest. Where a message of several segments both arrived and failed, the
 * failure stands; a receipt that it was read outdoes both.
 */
export const STATUS_ORDER = [
  'accepted',
  'scheduled',
  'queued',
  'sending',
  'sent',
  'canceled',
  'delivered',
  'partially_delivered',
  'undelivered',
  'failed',
  'read',
] as const;

const FIRST_FINAL = STATUS_ORDER.indexOf('canceled');

/** The place of a status in the order; -1 for one that Twilio has added since. */
export function rankStatus(status: string): number {
  return (STATUS_ORDER as readonly string[]).indexOf(status);
}

/** True for a status that no earlier one replaces: nothing is sent or tried after it. */
export function isFinalStatus(status: string): boolean {
  return rankStatus(status) >= FIRST_FINAL;
}

/** The status that stands after one more was told; an unknown one never replaces a known one. */
export function standingStatus(current: string | null, told: string): string {
  if (current === null) return told;
  const difference = rankStatus(told) - rankStatus(current);
  if (difference !== 0) return difference > 0 ? told : current;
  // Of two unknown ones always the same stands, in whichever order they came.
  return told > current ? told : current;
}
