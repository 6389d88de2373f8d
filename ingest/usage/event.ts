// The canonical usage event: what every wire format becomes before it is stored.

export const EVENT_STATUSES = ['success', 'error', 'cancelled'] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

/** One LLM call. Amounts are canonical decimal text, times RFC 3339, tokens whole numbers. */
export interface UsageEvent {
  eventId: string;
  occurredAt: string;
  provider: string;
  model: string;
  userId: string | null;
  conversationId: string | null;
  chatbotId: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  reportedCost: string | null;
  /** The received text where rounding or notation changed it. */
  reportedCostText: string | null;
  currency: string | null;
  status: EventStatus | null;
  latencyMs: string | null;
  metadata: string | null;
  /** sha256 of the received item with keys sorted and decimals normalised. */
  bodyHash: Buffer;
}

/** Why one item of a request was refused: the field (dotted path, or "" for the item) and reason. */
export interface Rejection {
  id: string | null;
  field: string;
  reason: string;
}

/** An item of a request, read: an event, or the reason why it is none. */
export type ParsedItem = { event: UsageEvent } | { rejection: Rejection };
