// What is kept for a time only, where it stands and how it is emptied. Usage rows themselves, raw usage
// and costs are kept for good: they are what rebuilds and proves.

/** One table that holds data of a kind. All are our own words; none comes from outside. */
export interface RetentionPart {
  table: string;
  /** Its key, beside the client. */
  keys: readonly string[];
  /** The instant that its age counts from. */
  at: string;
  /** Which rows still hold what is to go; false for rows whose work is under way. */
  holds: string;
  /** What to set; null deletes the row. */
  empties: string | null;
}

export interface RetentionKind {
  /** Null: kept for good, unless a client says otherwise. */
  days: number | null;
  says: string;
  parts: readonly RetentionPart[];
  /** Rows without a client have an age too; the default counts for them. */
  isShared?: boolean;
}

const EXPIRED = `'(expired)'`;
const IS_ENDED = `status not in ('received', 'working')`;

/** The one place of the defaults. */
export const RETENTION_KINDS: Readonly<Record<string, RetentionKind>> = {
  words: {
    days: 90,
    says: 'what people texted and were answered, transcripts included',
    parts: [
      {
        table: 'sms_messages',
        keys: ['message_sid'],
        at: 'happened_at',
        holds: 'body is not null',
        empties: 'body = null',
      },
      {
        table: 'tasks',
        keys: ['task_id'],
        at: 'received_at',
        holds: `(request is not null or reply is not null or rest is not null
          or transcripts is not null) and ${IS_ENDED}`,
        empties: 'request = null, reply = null, rest = null, transcripts = null',
      },
      {
        table: 'sms_outbox',
        keys: ['outbox_id'],
        at: 'created_at',
        holds: `body is not null and state not in ('pending', 'sending', 'uncertain')`,
        empties: 'body = null',
      },
    ],
  },
  media: {
    days: 30,
    says: 'where photos and voice messages lie at Twilio',
    parts: [
      {
        table: 'sms_messages',
        keys: ['message_sid'],
        at: 'happened_at',
        holds: 'media is not null',
        empties: 'media = null',
      },
    ],
  },
  errors: {
    days: 90,
    says: 'messages, stacks and details of errors; type, code and time stay',
    isShared: true,
    parts: [
      {
        table: 'error_logs',
        keys: ['error_id'],
        at: 'occurred_at',
        holds: `(stack is not null or metadata is not null or message <> ${EXPIRED})`,
        empties: `message = ${EXPIRED}, stack = null, metadata = null`,
      },
      {
        table: 'tasks',
        keys: ['task_id'],
        at: 'received_at',
        holds: `(error_message is not null or metadata is not null) and ${IS_ENDED}`,
        empties: 'error_message = null, metadata = null',
      },
    ],
  },
  metadata: {
    days: null,
    says: 'what applications tell beside a call; its raw usage stays',
    parts: [
      {
        table: 'usage_events',
        keys: ['event_id'],
        at: 'occurred_at',
        holds: 'metadata is not null',
        empties: 'metadata = null',
      },
    ],
  },
  'status-events': {
    days: 30,
    says: 'delivery states of texts that nobody knows',
    parts: [
      {
        table: 'sms_status_events',
        keys: ['message_sid', 'status', 'error_code'],
        at: 'received_at',
        holds: `not exists (
          select from sms_messages
          where sms_messages.client_id = sms_status_events.client_id
            and sms_messages.message_sid = sms_status_events.message_sid
        )`,
        empties: null,
      },
    ],
  },
  runs: {
    days: 365,
    says: 'runs that have ended; the newest of each job stays',
    isShared: true,
    parts: [
      {
        table: 'runs',
        keys: ['run_id'],
        at: 'coalesce(finished_at, slot_at)',
        holds: `state not in ('due', 'running') and exists (
          select from runs as newer
          where newer.job = runs.job and newer.client_id is not distinct from runs.client_id
            and newer.slot_at > runs.slot_at
        )`,
        empties: null,
      },
    ],
  },
};
