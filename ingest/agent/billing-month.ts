// Pure: the month that a person's requests count in, by the person's own clock.
import { localDate, periodContaining, shiftPeriod } from '../../core/calendar.ts';

export interface BillingMonth {
  /** "2026-03". */
  key: string;
  /** The date on which the count begins again. */
  resetsOn: string;
  today: string;
}

/** The month of an instant in a zone. */
export function billingMonth(now: Date, timeZone: string): BillingMonth {
  const today = localDate(now, timeZone);
  const month = periodContaining('month', today, 1);
  return { key: month.key, resetsOn: shiftPeriod(month, 1, 1).start, today };
}
