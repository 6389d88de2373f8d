// Pure: the words that make a message an order rather than a question, and nothing else. Carries
// none of them out; whether a "yes" opts in depends on who sends it.

export type KeywordAction = 'stop' | 'start' | 'help' | 'usage' | 'more' | 'cost' | 'forget-me';

export interface Keyword {
  action: KeywordAction;
  /** As it was understood: "optout" for "Opt-Out!". */
  word: string;
}

/** Twilio's own words, those the FCC names beside them, and the agent's. */
const ACTIONS: Record<KeywordAction, readonly string[]> = {
  stop: [
    ...['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'optout'],
    ...['stop all', 'opt out'],
  ],
  // "Yes" is an answer to a question unless its sender has opted out before.
  start: ['start', 'yes', 'unstop'],
  help: ['help', 'info'],
  usage: ['usage'],
  more: ['more'],
  cost: ['cost'],
  'forget-me': ['forget me', 'forgetme'],
};

const BY_WORD = new Map(
  Object.entries(ACTIONS).flatMap(([action, words]) =>
    words.map((word) => [word, { action: action as KeywordAction, word }] as const),
  ),
);
/** No text is longer; "STOP" may stand before a hundred exclamation marks. */
const KEYWORD_LENGTH_MAX = 1_600;

/**
 * The order that the whole message is, whatever its case, blanks, punctuation and emoji; null for
 * any other message: "STOP 12345" and "stop texting me" are none.
 */
export function readKeyword(text: string): Keyword | null {
  if (text.length > KEYWORD_LENGTH_MAX) return null;
  return BY_WORD.get(foldText(text)) ?? null;
}

/** Lower case, compatible letters made one, without punctuation and signs, single blanks. */
export function foldText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}
