// The variables of the SMS agent: the account that texts come by, the model that answers, and what it
// may cost. Read and checked with all others by config.ts.
import { z } from 'zod';

export const TIERS = ['free', 'premium', 'enterprise'] as const;
export type Tier = (typeof TIERS)[number];

/** What may be sent in a day. */
export interface DailyCap {
  segments: number;
  /** Decimal text, in the currency of the texts. */
  cost: string;
}

export interface SmsConfig {
  /** The address that Twilio reaches the server at, and what it signs with; undefined: no texts. */
  twilio:
    | { accountSid: string; authTokens: string[]; publicUrl: string; baseUrl: string | undefined }
    | undefined;
  /** Undefined without a key: then a fixed text says that there is no model. */
  openai: { apiKey: string; baseUrl: string | undefined } | undefined;
  model: string;
  transcriptionModel: string;
  modelTimeoutMs: number;
  /** Further tries within one task's try. */
  modelRetries: number;
  systemPrompt: string;
  memory: { turns: number; tokens: number };
  /** Requests per person and month in the person's zone. */
  monthlyLimits: Record<Tier, number>;
  /** Segments of one answer; what is left over is sent for MORE. */
  segmentCaps: Record<Tier, number>;
  numberCap: DailyCap;
  clientCap: DailyCap;
  /** What the model may cost in a day. Decimal texts, in the currency of its prices. */
  modelNumberCap: string;
  modelClientCap: string;
  /** What a call counts whose model has no known price. */
  modelCallCost: string;
  /** True where Twilio does not answer STOP, START and HELP itself. */
  answersKeywords: boolean;
  /** Who is told of critical errors. */
  alertTo: string | undefined;
}

const count = (range: { least: number; most: number; usual: string }) => ({
  schema: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.int().min(range.least).max(range.most))
    .default(Number(range.usual)),
  expects: `a whole number from ${range.least} to ${range.most}`,
  example: range.usual,
});

/** A number for each tier: "free:50,premium:500,enterprise:5000". */
const perTier = (most: number, usual: string) => ({
  schema: z
    .string()
    .default(usual)
    .transform((text) => Object.fromEntries(text.split(',').map((part) => part.split(':'))))
    .pipe(
      z.strictObject(
        Object.fromEntries(TIERS.map((tier) => [tier, z.coerce.number().int().min(1).max(most)])),
      ),
    ),
  expects: `a number from 1 to ${most} for each of ${TIERS.join(', ')}`,
  example: usual,
});

/** Segments and cost: "60:1.50". */
const dailyCap = (usual: string) => ({
  schema: z
    .string()
    .regex(/^\d{1,9}:\d{1,9}(?:\.\d{1,6})?$/)
    .default(usual)
    .transform((text) => {
      const [segments, cost = '0'] = text.split(':');
      return { segments: Number(segments), cost };
    }),
  expects: 'segments and a cost of a day with a colon between',
  example: usual,
});

/** "1.50". */
const amount = (usual: string) => ({
  schema: z
    .string()
    .regex(/^\d{1,9}(?:\.\d{1,6})?$/)
    .default(usual),
  expects: 'an amount with at most 6 decimals',
  example: usual,
});

const DEFAULT_SYSTEM_PROMPT =
  'You answer questions that people send by text message. Be correct, kind and brief.';

/** Every variable of the SMS agent. */
export const SMS_VARIABLES = {
  TWILIO_ACCOUNT_SID: {
    schema: z
      .string()
      .regex(/^AC[0-9a-f]{32}$/)
      .optional(),
    expects: 'AC and 32 hex digits',
    example: `AC${'0'.repeat(32)}`,
  },
  TWILIO_AUTH_TOKEN: {
    schema: z
      .string()
      .regex(/^[0-9a-f]{32}(?:,[0-9a-f]{32})?$/)
      .optional(),
    expects: '32 hex digits, or two such tokens with a comma between while one replaces the other',
    example: '0'.repeat(32),
    secret: true as const,
  },
  PUBLIC_URL: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    expects: 'the address that Twilio reaches the server at, https:// in production',
    example: 'https://daybook.example.com',
  },
  TWILIO_BASE_URL: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    expects: 'the address of a server in place of https://api.twilio.com',
    example: 'http://127.0.0.1:9000',
  },
  OPENAI_API_KEY: {
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{8,400}$/)
      .optional(),
    expects: 'a key of at least 8 characters without blanks',
    example: 'sk-secret',
    secret: true as const,
  },
  OPENAI_BASE_URL: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    expects: 'the address of a server that speaks as https://api.openai.com/v1 does',
    example: 'https://openrouter.ai/api/v1',
  },
  SMS_MODEL: {
    schema: z
      .string()
      .regex(/^[\w./:@-]{1,200}$/)
      .default('gpt-4o-mini'),
    expects: 'the name of a chat model',
    example: 'gpt-4o-mini',
  },
  SMS_TRANSCRIPTION_MODEL: {
    schema: z
      .string()
      .regex(/^[\w./:@-]{1,200}$/)
      .default('whisper-1'),
    expects: 'the name of a transcription model',
    example: 'whisper-1',
  },
  SMS_MODEL_TIMEOUT: count({ least: 1, most: 240, usual: '60' }),
  SMS_MODEL_RETRIES: count({ least: 0, most: 5, usual: '2' }),
  SMS_SYSTEM_PROMPT: {
    schema: z.string().max(8_000).default(DEFAULT_SYSTEM_PROMPT),
    expects: 'at most 8000 characters',
    example: DEFAULT_SYSTEM_PROMPT,
  },
  SMS_MEMORY_TURNS: count({ least: 0, most: 50, usual: '6' }),
  SMS_MEMORY_TOKENS: count({ least: 0, most: 100_000, usual: '1500' }),
  SMS_MONTHLY_LIMITS: perTier(1_000_000, 'free:50,premium:500,enterprise:5000'),
  SMS_SEGMENT_CAPS: perTier(10, 'free:2,premium:4,enterprise:6'),
  SMS_NUMBER_CAP: dailyCap('100:2.00'),
  SMS_CLIENT_CAP: dailyCap('10000:200'),
  SMS_MODEL_NUMBER_CAP: amount('1.00'),
  SMS_MODEL_CLIENT_CAP: amount('100.00'),
  SMS_MODEL_CALL_COST: amount('0.01'),
  SMS_KEYWORD_REPLIES: {
    schema: z.enum(['twilio', 'daybook']).default('twilio'),
    expects: 'who answers STOP, START and HELP, twilio or daybook',
    example: 'twilio',
  },
  ALERT_TO: {
    schema: z.email().optional(),
    expects: 'the mail address that critical errors are told to',
    example: 'oncall@example.com',
  },
};

/** Texts need all three. */
const TWILIO = ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'PUBLIC_URL'] as const;

export type SmsVariable = keyof typeof SMS_VARIABLES;

/** The agent's part of the configuration; `problem` tells of variables that need each other. */
export function readSmsConfig(read: <T>(name: SmsVariable) => T): {
  sms: SmsConfig;
  problem: string | undefined;
} {
  type Text = string | undefined;
  const [accountSid, authTokens, publicUrl] = TWILIO.map((name) => read<Text>(name));
  const unset = TWILIO.filter((_, at) => [accountSid, authTokens, publicUrl][at] === undefined);
  const apiKey = read<Text>('OPENAI_API_KEY');
  const openaiUrl = read<Text>('OPENAI_BASE_URL');
  const baseUrl = read<Text>('TWILIO_BASE_URL');
  const sms: SmsConfig = {
    twilio:
      accountSid === undefined || authTokens === undefined || publicUrl === undefined
        ? undefined
        : { accountSid, authTokens: authTokens.split(','), publicUrl, baseUrl },
    openai: apiKey === undefined ? undefined : { apiKey, baseUrl: openaiUrl },
    model: read('SMS_MODEL'),
    transcriptionModel: read('SMS_TRANSCRIPTION_MODEL'),
    modelTimeoutMs: read<number>('SMS_MODEL_TIMEOUT') * 1_000,
    modelRetries: read('SMS_MODEL_RETRIES'),
    systemPrompt: read('SMS_SYSTEM_PROMPT'),
    memory: { turns: read('SMS_MEMORY_TURNS'), tokens: read('SMS_MEMORY_TOKENS') },
    monthlyLimits: read('SMS_MONTHLY_LIMITS'),
    segmentCaps: read('SMS_SEGMENT_CAPS'),
    numberCap: read('SMS_NUMBER_CAP'),
    clientCap: read('SMS_CLIENT_CAP'),
    modelNumberCap: read('SMS_MODEL_NUMBER_CAP'),
    modelClientCap: read('SMS_MODEL_CLIENT_CAP'),
    modelCallCost: read('SMS_MODEL_CALL_COST'),
    answersKeywords: read('SMS_KEYWORD_REPLIES') === 'daybook',
    alertTo: read('ALERT_TO'),
  };
  const isPart = unset.length > 0 && unset.length < TWILIO.length;
  const problem = `${unset.join(' and ')} not set; texts need all of ${TWILIO.join(', ')}`;
  return { sms, problem: isPart ? problem : undefined };
}
