// Cohere's two accounts of one call: the tokens the model saw, and the units that are billed. Pure.

import { asObject, type Told } from '../../values/told-values.ts';
import { childOf, type Reading, valueIn } from '../reading.ts';

export function readCohereUsage(usage: Told, reading: Reading): void {
  const billed = childOf(usage, 'billed_units');
  const tokens = childOf(usage, 'tokens');
  const input = reading.count(tokens, 'input_tokens');
  const output = reading.count(tokens, 'output_tokens');
  const billedInput = reading.count(billed, 'input_tokens');
  const billedOutput = reading.count(billed, 'output_tokens');
  reading.set('input_tokens', input ?? billedInput);
  reading.set('output_tokens', output ?? billedOutput);
  reading.set('reasoning_tokens', reading.count(tokens, 'reasoning_tokens'));
  reading.set('cache_read_tokens', reading.count(usage, 'cached_tokens'));
  if (tokens !== undefined) keepBilled(reading, billedInput, billedOutput);
  const images = reading.count(billed, 'image_tokens');
  reading.unit('input_image_tokens', images);
  reading.set('images', reading.count(billed, 'images'));
  reading.unit('classifications', reading.count(billed, 'classifications'));
  const searches = reading.count(billed, 'search_units');
  reading.set('searches', searches);
  if (searches !== undefined) reading.because(`Cohere bills ${searches} search units`);
}

/** Cohere charges for what it calls billed; both figures are kept where they differ. */
function keepBilled(reading: Reading, input: number | undefined, output: number | undefined): void {
  const isSame =
    (input ?? reading.get('input_tokens')) === reading.get('input_tokens') &&
    (output ?? reading.get('output_tokens')) === reading.get('output_tokens');
  if (isSame) return;
  reading.unit('billed_input_tokens', input);
  reading.unit('billed_output_tokens', output);
  reading.because(
    `Cohere bills ${input ?? 0} in and ${output ?? 0} out of the tokens the model saw`,
  );
}

export function isCohereUsage(usage: Told): boolean {
  return asObject(valueIn(usage, 'billed_units') ?? valueIn(usage, 'tokens')) !== undefined;
}
