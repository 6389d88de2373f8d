// One call to a provider, as its HTTP exchange or its usage object shows it → the fields of a usage
// event. Chooses the adapter; each provider's own words are in providers/. Pure.
import type { EventFields } from './native.ts';

/** What is known of a call; any part may be missing, and none is trusted to have a shape. */
export interface ProviderCall {
  provider?: unknown;
  host?: unknown;
  httpPath?: unknown;
  httpStatus?: unknown;
  requestModel?: unknown;
  /** The body of the answer, parsed. */
  response?: unknown;
  /** The answer of a stream. */
  sse?: unknown;
  /** The usage object alone, where the answer is not at hand. */
  usage?: unknown;
}

export interface ProviderReading {
  fields: EventFields;
  /** Contradictions within the provider's own figures. */
  flags: string[];
  /** Why the fields are what they are, one sentence each. */
  reasons: string[];
}

/** Reads what a provider told of a call. Never throws; what it cannot read it leaves out. */
export function readProviderCall(_call: ProviderCall): ProviderReading {
  return { fields: {}, flags: [], reasons: [] };
}
