// Azure OpenAI and Azure AI: OpenAI's answers under a deployment's name, and the models of others,
// xAI's with a cost of 0 that says only that xAI sends no bill.
import type { Answer } from '../answer.ts';
import type { Reading } from '../reading.ts';
import { readOpenAI } from './openai.ts';
import { readTicks } from './xai.ts';

export function readAzure(answer: Answer, reading: Reading): void {
  readOpenAI(answer, reading);
  readTicks(answer, reading);
}
