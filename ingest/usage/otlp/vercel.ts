// What the Vercel AI SDK passes on of the provider's own answer (`ai.response.providerMetadata`):
// the raw usage, where it is there, is surer than the SDK's reading of it. Pure.

import { usageFieldsOf } from '../event-fields.ts';
import { readProviderCall } from '../providers/call.ts';
import type { SettledCounts } from '../told-counts.ts';
import { objectOf } from '../values/told-values.ts';

const TOKENS = ['input_tokens', 'output_tokens'] as const;

/** The raw usage's fields; undefined where there is none, or none that can be read. */
export function readVercelUsage(
  received: unknown,
  provider: string,
  model: string,
): SettledCounts | undefined {
  const metadata = objectOf(received);
  for (const own of Object.values(metadata ?? {})) {
    const { usage, usageMetadata } = objectOf(own) ?? {};
    const raw = objectOf(usage) ?? objectOf(usageMetadata);
    if (raw === undefined) continue;
    const { fields, flags } = readProviderCall({ provider, requestModel: model, usage: raw });
    // A figure that is none leaves the call to what the SDK made of it.
    const isWhole = TOKENS.every((name) => fields[name] !== undefined);
    if (!isWhole || flags.includes('unreadable_figure')) continue;
    return { fields: usageFieldsOf(fields), flags };
  }
  return undefined;
}
