// Pure: the texts that are ours and not a model's. Plain GSM-7, none longer than two segments.

/** Once per person, before the first answer; carriers ask for each of these statements. */
export function welcomeText(brand: string): string {
  return (
    `Welcome to ${brand}, an assistant that answers your texts. Msg frequency varies. ` +
    'Msg & data rates may apply. Reply HELP for help, STOP to opt out.'
  );
}

export function helpText(brand: string): string {
  return (
    `${brand}: text a question and get an answer. USAGE: what is left this month. MORE: the rest ` +
    'of an answer. FORGET ME: delete your data. STOP: no more texts. Msg & data rates may apply.'
  );
}

export function stoppedText(brand: string): string {
  return `${brand}: you have opted out and will get no more texts. Reply START to opt in again.`;
}

export function startedText(brand: string): string {
  return `${brand}: you are opted in again. Reply HELP for help, STOP to opt out.`;
}

export function limitText(limit: number, resetsOn: string): string {
  return (
    `You have used all ${limit} requests of this month. The count starts again on ` +
    `${spellDate(resetsOn)}. Thank you for your patience.`
  );
}

export function usageText(used: number, limit: number | null, resetsOn: string): string {
  if (limit === null) return `You have asked ${used} times this month. You have no limit.`;
  const left = Math.max(0, limit - used);
  return (
    `${left} of ${limit} requests are left this month. ` +
    `The count starts again on ${spellDate(resetsOn)}.`
  );
}

export const INACTIVE_TEXT =
  'Your access is switched off, so your texts are not answered. Please ask whoever gave it to you.';

export const EMPTY_TEXT = 'Your text was empty. Please send a question in words.';

export const NOTHING_MORE_TEXT = 'There is nothing more to say. Text a new question at any time.';

export const FORGOTTEN_TEXT =
  'Your texts and your number are deleted here. What remains are figures that name nobody. ' +
  'Text again and you start anew.';

export const WORKING_TEXT = 'Still working on it. The answer comes as soon as it is ready.';

export const FAILED_TEXT =
  'Sorry, this could not be answered. It was not counted; please try again later.';

export const CAPPED_TEXT =
  'Sorry, no more questions can be answered today. This one was not counted; please ask again ' +
  'tomorrow.';

export const NO_MODEL_TEXT =
  'This assistant has no language model yet, so it cannot answer. Your text has arrived and was ' +
  'not counted.';

export const UNREADABLE_MEDIA_TEXT =
  'Sorry, I can read text and pictures and listen to voice messages, but not this kind of file.';

/** Stands before an answer that comes long after its question. */
export const LATE_PREFIX = 'Sorry for the delay. ';

export interface CostFigures {
  yesterday: string;
  month: string;
}

export function costText(brand: string, { yesterday, month }: CostFigures): string {
  return `${brand}. Yesterday: ${yesterday}. This month: ${month}.`;
}

/** "1 April": the year is clear from the month that the person lives in. */
export function spellDate(date: string): string {
  const [, , day] = date.split('-');
  const name = new Intl.DateTimeFormat('en-US', { month: 'long', timeZone: 'UTC' });
  return `${Number(day)} ${name.format(new Date(date))}`;
}
