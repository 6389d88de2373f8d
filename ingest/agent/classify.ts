// Pure: what kind of task a text is and how hard it looks, from its words and signs alone, so that
// every task has both before a model is asked. A model may refine it; of languages other than
// English it sees code and signs only.

export type Category = 'general' | 'coding' | 'debug' | 'design' | 'documentation' | 'analysis';

export interface Classification {
  category: Category;
  /** 0 is a greeting, 1 as hard as a text message gets; two decimals. */
  complexity: number;
}

/** One strong sign is enough for a category; of weak ones it takes two, of different kinds. */
interface Signs {
  strong: readonly RegExp[];
  weak: readonly RegExp[];
}

const STRONG_WEIGHT = 2;
const SCORE_MIN = 2;
const TEXT_LENGTH_MAX = 2_000;

/** Names that only programmers use, and words that are theirs more often than not. */
const CODE_NAMES = anyOf(
  'javascript|typescript|js|python|c\\+\\+|c#|golang|php|kotlin|sql|html|css|vue|django|node\\.?js',
  'regex|json|yaml|bash|shell script|github|gitlab|docker|kubernetes|postgres\\w*|mysql|npm',
  'webhooks?|backend|frontend|unit tests?|stack ?trace|null pointer|segfault|let and const',
  'source code|(?:my|this|the|some) code(?! is)|code (?:for|to|that|in)',
);
const CODE_WORDS = anyOf(
  'coding|java|rust|ruby|swift|react|node|api|git|algorithm|compiler|app|server|endpoint|database',
);
const CODE_SIGNS = new RegExp(
  [
    '```|=>|[{}]\\s*$|\\);\\s*$|\\b[a-z_]\\w*\\(\\)|\\w\\.\\w+\\(|\\bfor ?\\(',
    '\\b(?:def|function|class) \\w+ ?[({:]|\\b(?:const|let|var) \\w+ ?=|\\bimport \\w+ from\\b',
    '\\bselect [\\w*, ]+ from \\w|</?(?:div|span|p|a|ul|li|table|script|html|body|img|input|form)\\b',
  ].join('|'),
  'im',
);

/** In the order that decides between equal scores. */
const SIGNS: readonly (readonly [Category, Signs])[] = [
  [
    'debug',
    {
      strong: [
        anyOf('debug\\w*|stack ?trace|traceback|segfault|null pointer|\\w+(?:Error|Exception):'),
      ],
      weak: [
        anyOf(
          'errors?|exceptions?|bugs?|crash\\w*|fail(?:s|ed|ing)?|broken|fix|hangs?|freez\\w+|throws?',
          'not work\\w*|(?:doesn.?t|does not) work|isn.?t working|undefined is not|wrong output',
          'won.?t (?:compile|start|run|build|load)|40\\d|50[0-4]',
        ),
        anyOf('why (?:does|is|do|am|won.?t)|what.?s wrong|troubleshoot\\w*|keeps? \\w+ing'),
      ],
    },
  ],
  [
    'coding',
    {
      strong: [CODE_SIGNS, CODE_NAMES],
      weak: [
        CODE_WORDS,
        anyOf('write|implement|refactor|program|script|create|make|convert|parse|sort|reverse'),
        anyOf('function|method|query|snippet|one-?liner|variable|array|string|class|module'),
      ],
    },
  ],
  [
    'design',
    {
      strong: [
        anyOf('(?:system|schema) design|software architecture|wireframe|mock-?up|ui/ux|user flow'),
        anyOf(
          'colou?r (?:scheme|palette)|typography|design(?:ing)? (?:a|an|the|my|our|me|some|for)',
        ),
      ],
      weak: [
        anyOf('design|layout|style|branding|diagram|prototype'),
        anyOf('architecture|structure|scal(?:able|ing)|logo|model'),
      ],
    },
  ],
  [
    'documentation',
    {
      strong: [
        anyOf('documentation|document (?:this|the|my|our)|readme|docstrings?|changelog|api docs'),
        anyOf('user (?:guide|manual)|release notes|how-?to guide'),
      ],
      weak: [
        anyOf('docs?|tutorial|manual|guide|instructions|specification|write-?up|template'),
        anyOf('write|draft|summari[sz]e|describe|explain|comment'),
      ],
    },
  ],
  [
    'analysis',
    {
      strong: [
        anyOf(
          'analy[sz](?:e|es|ing)|analysis|compar(?:e|ison)|pros and cons|trade-?offs?|evaluate',
        ),
        anyOf('correlation|root cause|break ?down of|swot'),
      ],
      weak: [
        anyOf('data|statistic\\w*|forecast\\w*|trends?|numbers|figures|average|median|percentage'),
        anyOf('growth|revenue|report|chart|versus|vs|calculate|estimate|interpret'),
        anyOf(
          'which is (?:better|cheaper|faster)|should i (?:choose|buy|use|pick)|difference between',
        ),
      ],
    },
  ],
];

/** What a task of the category is taken for before its text is measured. */
const BASE: Record<Category, number> = {
  general: 0.05,
  documentation: 0.2,
  coding: 0.3,
  analysis: 0.3,
  design: 0.35,
  debug: 0.35,
};
const LENGTH_FULL = 600;
const QUESTION = /[?？؟]+/g;
const CONDITION = anyOf(
  'must|should|without|except|only|at least|at most|exactly|using|instead of|unless|and then',
  'also|both|step by step|in detail|because|if',
);
const HARD_TOPIC = anyOf(
  'concurren\\w+|distributed|race condition|deadlock|recursi\\w+|dynamic programming|optimi[sz]\\w+',
  'scalab\\w+|encrypt\\w+|security|migrat\\w+|architecture|proof|prove|integral|derivative',
  'regression|multi-?thread\\w*|real-?time|microservices?',
);

/** Category and complexity of a message. Never throws; the same text always gives the same. */
export function classifyTask(message: string): Classification {
  const text = message.slice(0, TEXT_LENGTH_MAX);
  const category = findCategory(text);
  return { category, complexity: measureComplexity(text, category) };
}

function findCategory(text: string): Category {
  let best: Category = 'general';
  let bestScore = SCORE_MIN - 1;
  const isCode = [CODE_NAMES, CODE_WORDS, CODE_SIGNS].some((sign) => text.search(sign) !== -1);
  for (const [category, signs] of SIGNS) {
    const score = scoreOf(text, category, signs, isCode);
    if (score > bestScore) {
      best = category;
      bestScore = score;
    }
  }
  return best;
}

function scoreOf(text: string, category: Category, signs: Signs, isCode: boolean): number {
  const count = (list: readonly RegExp[]) => list.filter((sign) => text.search(sign) !== -1).length;
  const strong = count(signs.strong) > 0 ? STRONG_WEIGHT : 0;
  const score = strong + count(signs.weak);
  // "Make me a sort of cake" is no coding and a broken tap no debugging; code that fails is first
  // of all a failure.
  if (category === 'coding') return isCode ? score : 0;
  if (category !== 'debug') return score;
  return isCode && score > 0 ? score + STRONG_WEIGHT : strong;
}

/** Base of the category, then length, questions, conditions, hard topics and code, each capped. */
function measureComplexity(text: string, category: Category): number {
  const furtherQuestions = Math.max(0, countMatches(text, QUESTION) - 1);
  const sum =
    BASE[category] +
    Math.min(0.25, (0.25 * [...text.trim()].length) / LENGTH_FULL) +
    Math.min(0.1, 0.05 * furtherQuestions) +
    Math.min(0.15, 0.04 * countMatches(text, CONDITION)) +
    Math.min(0.2, 0.1 * countMatches(text, HARD_TOPIC)) +
    (text.search(CODE_SIGNS) === -1 ? 0 : 0.05);
  return Math.round(Math.min(1, sum) * 100) / 100;
}

function countMatches(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Any of the words, whole; each part is a list of alternatives. */
function anyOf(...parts: string[]): RegExp {
  return new RegExp(`\\b(?:${parts.join('|')})(?![\\w+#])`, 'gi');
}
