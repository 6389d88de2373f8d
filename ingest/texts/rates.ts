// Pure: what a text will cost, before Twilio tells its price, from its list prices (sms-rates.json).
// A country that the list does not have costs something unknown, never nothing.
import { canonicalDecimal, Decimal } from '../../core/money.ts';
import rates from './sms-rates.json' with { type: 'json' };

export interface TextEstimate {
  /** Decimal text, all segments together; null where no price is known. */
  price: string | null;
  /** What carriers add, which Twilio bills apart from the price; outbound only. */
  carrierFee: string | null;
  currency: string;
}

export interface PricedText {
  direction: 'inbound' | 'outbound';
  /** Country code of the person's number, such as "1"; null for a short code or a name. */
  callingCode: string | null;
  segments: number;
  hasMedia: boolean;
}

/** Of all list prices and carriers' fees; the costs by currency (task_costs) rely on that. */
const CURRENCY = 'USD';

/** Whether the list has the prices of texts with numbers of a country code. */
export function isListed(callingCode: string | null): boolean {
  return rateOf(callingCode) !== undefined;
}

/** Estimates the cost of one text. */
export function estimateText(text: PricedText): TextEstimate {
  const rate = rateOf(text.callingCode);
  if (rate === undefined) return { price: null, carrierFee: null, currency: CURRENCY };
  const { direction, segments, hasMedia } = text;
  const times = (amount: string) => canonicalDecimal(new Decimal(amount).times(segments));
  if (direction === 'outbound') {
    return {
      price: times(rate.outbound),
      carrierFee: times(rate.carrierFee),
      currency: rate.currency,
    };
  }
  // A message with pictures is billed once, whatever its words.
  const price = hasMedia ? rate.inboundPicture : times(rate.inbound);
  return { price, carrierFee: null, currency: rate.currency };
}

function rateOf(code: string | null) {
  return rates.find(({ callingCode }) => callingCode === code);
}
