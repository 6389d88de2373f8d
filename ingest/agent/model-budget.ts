// What a call of the model may cost at most, and the caps of the day asked for it before it is made.
// What it did cost is counted where it is booked.
import { Decimal } from '../../core/money.ts';
import { withTransaction } from '../../core/postgres.ts';
import { type HoldVerdict, holdModelCost } from '../store/model-spend.ts';
import { spendDay } from '../store/spend.ts';
import type { AnswerDeps, ModelSetup } from './answer-task.ts';
import type { ModelRequest } from './model.ts';
import { type Counted, costOf, eventOf, type ModelCall } from './model-calls.ts';
import type { TakenTask } from './take-task.ts';

/** A call that must not be made now. */
export class NotHeld extends Error {
  readonly verdict: Exclude<HoldVerdict, 'held'>;
  readonly day: string;
  constructor(verdict: Exclude<HoldVerdict, 'held'>, day: string) {
    super(`the call may not be made: ${verdict}`);
    this.verdict = verdict;
    this.day = day;
  }
}

/** Tokens of a message beside its words. */
const MESSAGE_TOKENS = 16;
/** What a picture of any size comes to: gpt-4o-mini counts eight tiles, the others far less. */
const PICTURE_TOKENS = 5_000;
const DEAR_PICTURE_TOKENS = 50_000;
/** No voice that one understands takes less. */
const VOICE_BITS_PER_SECOND = 6_000;
/** More than the models count of a second, heard and written. */
const TOKENS_PER_SECOND = 25;

/** What an answer may use: a token is at least a byte. */
export function mostOfAnswer(model: string, question: ModelRequest): Record<string, unknown> {
  const texts = [question.system, ...question.turns.map(({ text }) => text)];
  const words = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + MESSAGE_TOKENS, 0);
  const perPicture = model.includes('gpt-4o-mini') ? DEAR_PICTURE_TOKENS : PICTURE_TOKENS;
  const pictures = question.images.length * perPicture;
  const { outputTokensMax: output } = question;
  return { operation: 'chat', input_tokens: words + pictures, output_tokens: output };
}

/** What a recording of so many bytes may use, by time or by tokens: the price knows which. */
export function mostOfRecording(bytes: number): Record<string, unknown> {
  const seconds = Math.ceil((bytes * 8) / VOICE_BITS_PER_SECOND) + 1;
  const tokens = seconds * TOKENS_PER_SECOND;
  const heard = { input_tokens: tokens, input_audio_tokens: tokens, audio_seconds: seconds };
  return { operation: 'transcription', ...heard, output_tokens: tokens };
}

/** Asks the caps for one more call of a try, at its most. */
export type HoldCall = (model: string, most: Record<string, unknown>) => Promise<Counted>;

/** Makes the asking of one try, whose calls so far count as what they cost. Throws NotHeld. */
export function createHoldCall(
  deps: AnswerDeps,
  { provider }: ModelSetup,
  taken: TakenTask,
  calls: readonly ModelCall[],
): HoldCall {
  const { pool, settings, pricesOf, now } = deps;
  const { clientId, task, facts } = taken;
  let day: string | undefined;
  return async (model, most) => {
    const price = await pricesOf(clientId);
    const fields = { model, status: 'success', ...most };
    const asked = eventOf({ provider, taken }, { id: 'most', occurredAt: now(), fields });
    const once = costOf(price, asked) ?? settings.modelCallCost;
    // Each try that the package makes by itself may be billed.
    const cost = new Decimal(once).times(1 + settings.modelRetries);
    const soFar = calls.map((call) => {
      const { occurredAt } = call;
      const event = eventOf({ provider, taken }, { id: 'so-far', occurredAt, fields: call.fields });
      return costOf(price, event) ?? call.counted.most;
    });
    const whole = soFar.reduce((sum, one) => sum.plus(one), cost).toString();
    const verdict = await withTransaction(pool, { clientId }, async (connection) => {
      day ??= await spendDay(connection, clientId, now());
      const place = { clientId, phone: facts.from_number, day };
      return holdModelCost(connection, place, { task, cost: whole }, settings);
    });
    const countedOn = day ?? '';
    if (verdict !== 'held') throw new NotHeld(verdict, countedOn);
    return { day: countedOn, most: cost.toString() };
  };
}
