-- The books: clients and what they own, one row of usage per call, what was reported and mailed.
-- Every table that holds a client's rows is under forced row security from the start.

-- Up Migration

create function current_client() returns text
    language sql stable
    return nullif(current_setting('daybook.client_id', true), '');

create function stamp_xid() returns trigger
    language plpgsql
    as $$ begin new.xid := pg_current_xact_id(); return new; end $$;

create table clients (
    client_id text primary key check (client_id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text not null check (name <> ''),
    time_zone text not null,
    week_start smallint not null default 1 check (week_start between 1 and 7),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    locale text not null,
    created_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id()
);
comment on table clients is 'One row per tenant: whose calls are booked, in which zone and currency.';

create trigger clients_stamp_xid before update on clients
    for each row execute function stamp_xid();

create table users (
    client_id text not null references clients on delete restrict,
    user_id text not null,
    first_seen_at timestamptz not null default now(),
    primary key (client_id, user_id)
);
comment on table users is 'One row per user id that a client has named; made by the event that names it.';

create table chatbots (
    client_id text not null references clients on delete restrict,
    chatbot_id text not null,
    first_seen_at timestamptz not null default now(),
    primary key (client_id, chatbot_id)
);
comment on table chatbots is 'One row per chatbot id that a client has named.';

create table conversations (
    client_id text not null references clients on delete restrict,
    conversation_id text not null,
    first_seen_at timestamptz not null default now(),
    primary key (client_id, conversation_id)
);
comment on table conversations is 'One row per conversation id that a client has named.';

create table usage_events (
    client_id text not null references clients on delete restrict,
    event_id text not null,
    occurred_at timestamptz not null
        check (occurred_at >= '2000-01-01Z' and occurred_at < '2100-01-01Z'),
    received_at timestamptz not null default now(),
    provider text not null,
    model text not null,
    user_id text,
    conversation_id text,
    chatbot_id text,
    input_tokens bigint check (input_tokens between 0 and 1000000000000),
    output_tokens bigint check (output_tokens between 0 and 1000000000000),
    reported_cost numeric(38, 18) check (reported_cost >= 0 and reported_cost < 'NaN'),
    reported_cost_text text,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    status text check (status in ('success', 'error', 'cancelled')),
    latency_ms numeric(15, 3) check (latency_ms >= 0),
    metadata jsonb,
    body_hash bytea not null check (octet_length(body_hash) = 32),
    xid xid8 not null default pg_current_xact_id(),
    primary key (client_id, event_id),
    foreign key (client_id, user_id) references users on delete restrict,
    foreign key (client_id, chatbot_id) references chatbots on delete restrict,
    foreign key (client_id, conversation_id) references conversations on delete restrict
);
comment on table usage_events is 'One row per LLM call, for ever; (client_id, event_id) is its identity.';
comment on column usage_events.reported_cost_text is 'The cost as received, kept where rounding or notation changed it.';

create index usage_events_xid on usage_events (xid);
create index usage_events_occurred_at on usage_events (client_id, occurred_at);

create table api_tokens (
    client_id text not null references clients on delete restrict,
    token_id text primary key,
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    name text not null,
    scopes text[] not null check (cardinality(scopes) > 0),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
comment on table api_tokens is 'One row per bearer token; only a sha256 of its secret is kept.';

create table recipients (
    client_id text not null references clients on delete restrict,
    recipient_id bigint generated always as identity,
    email text not null,
    period_kinds text[] not null default '{day,week,month}',
    created_at timestamptz not null default now(),
    removed_at timestamptz,
    primary key (client_id, recipient_id)
);
comment on table recipients is 'One row per mailbox that receives a client''s reports.';

create unique index recipients_email on recipients (client_id, lower(email))
    where removed_at is null;

create table schedules (
    client_id text not null references clients on delete restrict,
    report text not null,
    period_kind text not null check (period_kind in ('day', 'week', 'month')),
    local_time time not null default '07:00',
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    primary key (client_id, report, period_kind)
);
comment on table schedules is 'One row per report that recurs: each morning, Monday or first of the month.';

create table runs (
    run_id uuid primary key,
    job text not null,
    client_id text references clients on delete restrict,
    slot_at timestamptz not null,
    state text not null check (state in ('running', 'succeeded', 'failed')),
    fence bigint not null default 1,
    attempts integer not null default 1,
    lease_until timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    row_count bigint,
    error text,
    unique nulls not distinct (job, client_id, slot_at)
);
comment on table runs is 'One row per job and slot: the ledger that decides what is still to be done.';

create table report_revisions (
    client_id text not null references clients on delete restrict,
    revision_id uuid not null,
    report text not null,
    period_kind text not null check (period_kind in ('day', 'week', 'month')),
    period_start date not null,
    period_key text not null,
    revision integer not null check (revision > 0),
    content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
    content text not null,
    run_id uuid not null,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (client_id, revision_id),
    unique (client_id, report, period_kind, period_start, revision)
);
comment on table report_revisions is 'One row per state of a report''s figures; a later state is a later revision.';

create table archive_entries (
    client_id text not null,
    revision_id uuid not null,
    format text not null check (format in ('html', 'pdf', 'xlsx')),
    path text not null unique,
    byte_count bigint not null check (byte_count > 0),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null default now(),
    primary key (client_id, revision_id, format),
    foreign key (client_id, revision_id) references report_revisions on delete restrict
);
comment on table archive_entries is 'One row per archived file; its bytes never change.';

create table deliveries (
    client_id text not null,
    revision_id uuid not null,
    recipient_id bigint not null,
    state text not null
        check (state in ('pending', 'sending', 'sent', 'failed', 'uncertain')),
    message_id text not null unique,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    sent_at timestamptz,
    response text,
    created_at timestamptz not null default now(),
    primary key (client_id, revision_id, recipient_id),
    foreign key (client_id, revision_id) references report_revisions on delete restrict,
    foreign key (client_id, recipient_id) references recipients on delete restrict
);
comment on table deliveries is 'One row per mail: one report revision to one recipient, at most once.';

create index deliveries_open on deliveries (next_attempt_at)
    where state in ('pending', 'sending');

do $$
declare
    table_name text;
    shared text[] := array[
        'clients', 'users', 'chatbots', 'conversations', 'usage_events', 'api_tokens',
        'recipients', 'schedules', 'runs', 'report_revisions', 'archive_entries', 'deliveries'
    ];
    kept_by_pipeline text[] := array['runs', 'report_revisions', 'archive_entries', 'deliveries'];
begin
    foreach table_name in array shared loop
        execute format('alter table %I enable row level security', table_name);
        execute format('alter table %I force row level security', table_name);
        execute format(
            'create policy tenant on %I to daybook_app '
            'using (client_id = current_client()) with check (client_id = current_client())',
            table_name
        );
        execute format('grant select on %I to daybook_app, daybook_pipeline', table_name);
        execute format(
            'create policy pipeline_reads on %I for select to daybook_pipeline using (true)',
            table_name
        );
    end loop;
    foreach table_name in array kept_by_pipeline loop
        execute format(
            'create policy pipeline_keeps on %I to daybook_pipeline '
            'using (true) with check (true)',
            table_name
        );
        execute format('grant insert, update on %I to daybook_pipeline', table_name);
    end loop;
end $$;

-- A token is looked up before its client is known: the one that was presented, and no other.
create policy presented_token on api_tokens for select to daybook_app
    using (token_id = nullif(current_setting('daybook.token_id', true), ''));

grant insert on users, chatbots, conversations, usage_events to daybook_app;
grant insert, update on clients, api_tokens, recipients, schedules to daybook_app;
grant select on schema_migrations to daybook_app, daybook_pipeline;
