// Voyage: embeddings and reranks tell one total, which is all input; pictures are told in pixels.
import type { Answer } from '../answer.ts';
import type { Reading } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readVoyage(answer: Answer, reading: Reading): void {
  const { usage } = answer;
  readCompatible(answer, reading);
  reading.unit('input_pixels', reading.count(usage, 'image_pixels'));
  reading.unit('input_pixels', reading.count(usage, 'video_pixels'));
}
