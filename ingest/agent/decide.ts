// Pure: what is to be done with a task, from its text and what is known of its sender. Counts nothing
// and sends nothing; whether the limit leaves a request is asked afterwards.
import type { SuppressionReason } from '../store/consents.ts';
import type { KeywordAction } from './keywords.ts';

export interface TaskFacts {
  text: string;
  mediaCount: number;
  keyword: KeywordAction | null;
  /** The keyword as it was understood, such as "yes". */
  word: string | null;
  suppression: SuppressionReason | null;
  /** True when this very text lifted an opt-out. */
  hasOptedIn: boolean;
  /** True for a STOP of somebody whom an earlier one had stopped already. */
  hadOptedOut: boolean;
  isActive: boolean;
  isInactiveTold: boolean;
  isExecutive: boolean;
  isForgotten: boolean;
  isOwnNumber: boolean;
  /** The last text that we sent to the pair. */
  lastSent: string | null;
  answersKeywords: boolean;
}

export type Decision =
  /** Nothing is said; the outcome says why. */
  | { act: 'ignore'; outcome: IgnoreOutcome }
  /** One of our own texts, which costs no request. */
  | { act: 'say'; outcome: SayOutcome }
  /** Asked of the model, and counted. */
  | { act: 'answer' };

export type IgnoreOutcome =
  | 'opted-out'
  | 'stop'
  | 'keyword-of-twilio'
  | 'inactive'
  | 'own-number'
  | 'echo'
  | 'forgotten'
  | 'limit';

export type SayOutcome =
  | 'stopped'
  | 'started'
  | 'help'
  | 'usage'
  | 'more'
  | 'cost'
  | 'forget-me'
  | 'inactive'
  | 'empty'
  | 'limit';

/** Decides; every text gets exactly one decision. */
export function decide(facts: TaskFacts): Decision {
  if (facts.isForgotten) return ignore('forgotten');
  if (facts.isOwnNumber) return ignore('own-number');
  // Two answering machines would talk for ever.
  if (facts.lastSent !== null && facts.text.trim() === facts.lastSent.trim()) return ignore('echo');
  if (facts.keyword === 'stop') return decideStop(facts);
  // A right of everybody, also of whoever gets no answer otherwise.
  if (facts.keyword === 'forget-me') return say('forget-me');
  if (facts.suppression !== null && facts.suppression !== 'unreachable') {
    return ignore('opted-out');
  }
  const ofKeyword = decideKeyword(facts);
  if (ofKeyword !== undefined) return ofKeyword;
  if (!facts.isActive) return facts.isInactiveTold ? ignore('inactive') : say('inactive');
  const ofUser = decideOwnWord(facts);
  if (ofUser !== undefined) return ofUser;
  return facts.text.trim() === '' && facts.mediaCount === 0 ? say('empty') : { act: 'answer' };
}

/** An opt-out is confirmed once, however often it is said, and not where a START has ended it. */
function decideStop({ answersKeywords, suppression, hadOptedOut }: TaskFacts): Decision {
  const isNews = suppression === 'stop' && !hadOptedOut;
  return answersKeywords && isNews ? say('stopped') : ignore('stop');
}

/** Words that Twilio answers by itself, unless it is told not to. */
function decideKeyword(facts: TaskFacts): Decision | undefined {
  const { keyword, word, hasOptedIn, answersKeywords } = facts;
  if (keyword === 'help') return answersKeywords ? say('help') : ignore('keyword-of-twilio');
  if (keyword !== 'start') return undefined;
  // "Yes" answers a question, unless it ends an opt-out.
  if (word === 'yes' && !hasOptedIn) return undefined;
  return answersKeywords ? say('started') : ignore('keyword-of-twilio');
}

function decideOwnWord({ keyword, isExecutive }: TaskFacts): Decision | undefined {
  if (keyword === 'usage' || keyword === 'more') return say(keyword);
  // Whoever may not see the figures is answered as if it were any other word.
  return keyword === 'cost' && isExecutive ? say('cost') : undefined;
}

function ignore(outcome: IgnoreOutcome): Decision {
  return { act: 'ignore', outcome };
}

function say(outcome: SayOutcome): Decision {
  return { act: 'say', outcome };
}
