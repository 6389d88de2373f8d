// The public types of `daybook/client`; the JavaScript beside it is checked against them. No code.

/** One LLM call in the fields of the usage API. Amounts as text, times as RFC 3339 or a Date. */
export interface UsageRecord {
  /** Your own id for the call, unique for ever; a random UUID if absent. */
  id?: string | undefined;
  /** When the call began; now if absent. */
  occurred_at?: string | Date | undefined;
  provider: string;
  model: string;
  /** The provider's own usage object, whole; the server reads the counts from it. */
  raw_usage?: unknown;
  operation?:
    | 'chat'
    | 'completion'
    | 'embedding'
    | 'transcription'
    | 'speech'
    | 'image'
    | 'rerank'
    | undefined;
  status?: 'success' | 'error' | 'cancelled' | undefined;
  /** Any other field of the usage API: `user_id`, `latency_ms`, `cost`, `tags`, `metadata` … */
  [field: string]: unknown;
}

/** A text, or a number that stands for one. */
export type Id = string | number | bigint | null | undefined;

/** Why an event was not recorded. */
export type DropReason =
  | 'queue_full'
  | 'rejected'
  | 'conflict'
  | 'refused'
  | 'too_large'
  | 'gave_up'
  | 'closed'
  | 'no_token'
  | 'unreadable';

export interface Drop {
  /** The client it was meant for. */
  clientId: string;
  /** The event as far as it could be read. */
  event: Record<string, unknown>;
  reason: DropReason;
  /** What the server or the runtime said. */
  message: string;
  /** The HTTP status, where there was an answer. */
  status?: number;
}

export interface UsageStats {
  /** Waiting or being sent. */
  queued: number;
  /** Committed by the server, `duplicates` among them. */
  delivered: number;
  /** Had been committed by an earlier attempt. */
  duplicates: number;
  dropped: number;
  droppedBy: Partial<Record<DropReason, number>>;
  requests: number;
  retries: number;
  /** What the last failed attempt met, or why the server did not take the last event it refused. */
  lastError: string | undefined;
}

export interface UsageLoggerOptions {
  /** Where Daybook's ingest server is, such as `https://daybook.example.com`. */
  url: string;
  /** A token of `clientId` that may write usage. */
  token: string;
  /** The client that `token` belongs to. */
  clientId: string;
  /** Tokens of further clients, by client id, for an application that serves several. */
  tokens?: Record<string, string> | undefined;
  /**
   * Called once for each event that will not be recorded. Default: a warning on the console,
   * once for each reason.
   */
  onDrop?: ((drop: Drop) => void) | undefined;
  /** Events in one request at most. Default 500, at most 5,000. */
  batchMax?: number | undefined;
  /** How long an event waits for others. Default 1,000. */
  batchDelayMs?: number | undefined;
  /**
   * Events that wait at most, over all clients; a further one is dropped. Default 10,000, and never
   * more than 32 million characters of JSON.
   */
  queueMax?: number | undefined;
  /** How long an event is tried, from when it was logged. Default 600,000. */
  retryForMs?: number | undefined;
  /** First pause between attempts; it doubles. Default 500. */
  retryMinMs?: number | undefined;
  /** Longest pause between attempts. Default 30,000. */
  retryMaxMs?: number | undefined;
  /** Default 10,000. */
  requestTimeoutMs?: number | undefined;
  /** How long the end of the process waits for what is queued. Default 5,000; 0 does not wait. */
  exitTimeoutMs?: number | undefined;
  /** Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** What `track` adds to each event of a client. */
export interface TrackContext {
  /** Whose call it is; the logger's own client if absent. */
  clientId?: Id;
  conversationId?: Id;
  phone?: Id;
  userId?: Id;
  chatbotId?: Id;
  tags?: string[] | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** The provider's name; read from the client's base URL if absent. */
  provider?: string | undefined;
  /**
   * Whether streams are asked for their usage where the caller did not ask; the caller never sees
   * the difference. Default: where the provider would not tell it anyway.
   */
  includeUsage?: boolean | undefined;
}

type LogProviderUsage = (
  clientId: Id,
  conversationId: Id,
  phone: Id,
  model: string,
  usage: unknown,
  details?: Partial<UsageRecord>,
) => string;

/** No function throws. Those that log answer the event's id and never wait. */
export interface UsageLogger {
  logOpenAIUsage: LogProviderUsage;
  logGroqUsage: LogProviderUsage;
  logOpenRouterUsage: LogProviderUsage;
  logAnthropicUsage: LogProviderUsage;
  /** Seconds of audio; a token estimate marks the event as estimated. */
  logWhisperUsage: (
    clientId: Id,
    conversationId: Id,
    phone: Id,
    durationSeconds: number,
    tokenEstimate?: number | null,
    details?: Partial<UsageRecord>,
  ) => string;
  /** Any call of any provider. */
  logUsage: (event: UsageRecord, clientId?: Id) => string;
  /** The same OpenAI client, with each call recorded. The one that was given is left as it is. */
  track: <Client extends object>(openai: Client, context?: TrackContext) => Client;
  /** Resolves when everything logged so far is committed or dropped, or when the time is up. */
  flush: (options?: { timeoutMs?: number | undefined }) => Promise<void>;
  /** Delivers what is queued, drops what is left after `timeoutMs` (5,000), and takes no more. */
  close: (options?: { timeoutMs?: number | undefined }) => Promise<void>;
  stats: () => UsageStats;
}

export function createUsageLogger(options: UsageLoggerOptions): UsageLogger;
