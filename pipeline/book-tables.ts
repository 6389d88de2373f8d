// Which tables of the books the warehouse copies, by which key, and when a row of each counts.

/** A table of the books with a raw table of the same name. */
export interface BookTable {
  name: string;
  key: readonly string[];
}

/** A table whose rows count on a business day: that of the instant in this column. */
export interface FactTable extends BookTable {
  countsAt: string;
  /** That instant of a row never changes, so that a row is looked for among those of its time. */
  isFixed: boolean;
}

/** What says which day an instant is in; copied first. */
export const CALENDAR_TABLES: readonly BookTable[] = [
  { name: 'clients', key: ['client_id'] },
  { name: 'client_zones', key: ['client_id', 'effective_from'] },
  { name: 'calendar_days', key: ['time_zone', 'calendar_date'] },
];

/** What facts are told of, and counts on no day. */
export const OTHER_TABLES: readonly BookTable[] = [
  { name: 'users', key: ['client_id', 'user_id'] },
];

export const FACT_TABLES: readonly FactTable[] = [
  { name: 'usage_events', key: ['client_id', 'event_id'], countsAt: 'occurred_at', isFixed: true },
  {
    name: 'cost_adjustments',
    key: ['client_id', 'event_id'],
    countsAt: 'occurred_at',
    isFixed: true,
  },
  { name: 'tasks', key: ['client_id', 'task_id'], countsAt: 'received_at', isFixed: true },
  { name: 'task_calls', key: ['client_id', 'event_id'], countsAt: 'counted_at', isFixed: true },
  {
    name: 'sms_messages',
    key: ['client_id', 'message_sid'],
    countsAt: 'counted_at',
    isFixed: false,
  },
  { name: 'error_logs', key: ['client_id', 'error_id'], countsAt: 'occurred_at', isFixed: true },
];

/** The raw tables, with the one that says where they come from. */
export const RAW_TABLES = [
  ...CALENDAR_TABLES.map(({ name }) => name),
  ...OTHER_TABLES.map(({ name }) => name),
  ...FACT_TABLES.map(({ name }) => name),
  'copy_state',
];
