-- SMS: our numbers and the people who text them, every text, the task that it is, what is to be sent
-- and what was, who wants no more of it, what it cost, and what went wrong.

-- Up Migration

create table sms_numbers (
    client_id text not null references clients on delete restrict,
    phone text primary key check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    created_at timestamptz not null,
    reconciled_at timestamptz
);
comment on table sms_numbers is 'One row per number of ours: whose client a text to it is for.';
comment on column sms_numbers.reconciled_at is 'When the books were last compared with Twilio''s.';
create index sms_numbers_client on sms_numbers (client_id);

-- The phone stands here and with the texts, nowhere else: without it the calls and tasks name nobody.
create table sms_users (
    client_id text not null references clients on delete restrict,
    user_id text not null,
    phone text check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    tier text not null default 'free' check (tier in ('free', 'premium', 'enterprise')),
    is_active boolean not null default true,
    is_admin boolean not null default false,
    is_executive boolean not null default false,
    total_requests bigint not null default 0 check (total_requests >= 0),
    monthly_requests integer not null default 0 check (monthly_requests >= 0),
    request_month text check (request_month ~ '^[0-9]{4}-[0-9]{2}$'),
    upgraded_month text check (upgraded_month ~ '^[0-9]{4}-[0-9]{2}$'),
    limit_told_on date,
    inactive_told_at timestamptz,
    welcomed_at timestamptz,
    last_active_at timestamptz not null,
    created_at timestamptz not null,
    forgotten_at timestamptz,
    xid xid8 not null default pg_current_xact_id(),
    primary key (client_id, user_id),
    unique (client_id, phone),
    check ((phone is null) = (forgotten_at is not null)),
    foreign key (client_id, user_id) references users on delete restrict
);
comment on table sms_users is 'One row per person who has texted a client, with a tier and its count.';
comment on column sms_users.request_month is 'The month, in the person''s zone, that monthly_requests counts.';
comment on column sms_users.upgraded_month is 'The last month in which an upgrade began the count anew.';

-- Forgetting must not be a way to more requests: the count outlives the person, to the month's end.
create table sms_forgotten (
    client_id text not null references clients on delete restrict,
    phone_hash bytea not null check (octet_length(phone_hash) = 32),
    request_month text check (request_month ~ '^[0-9]{4}-[0-9]{2}$'),
    monthly_requests integer not null check (monthly_requests >= 0),
    is_active boolean not null,
    upgraded_month text check (upgraded_month ~ '^[0-9]{4}-[0-9]{2}$'),
    forgotten_at timestamptz not null,
    primary key (client_id, phone_hash)
);
comment on table sms_forgotten is 'One row per number that was forgotten lately, as a hash: its count, and whether it was switched off.';

create table sms_messages (
    client_id text not null references clients on delete restrict,
    message_sid text not null check (message_sid ~ '^(SM|MM)[0-9a-f]{32}$'),
    direction text not null check (direction in ('inbound', 'outbound')),
    from_number text not null,
    to_number text not null,
    user_id text,
    task_id uuid,
    body text,
    media jsonb,
    encoding text not null check (encoding in ('GSM-7', 'UCS-2')),
    segments integer not null check (segments between 1 and 1000),
    told_segments integer check (told_segments between 0 and 1000),
    status text not null,
    error_code text,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    estimated_price numeric(38, 18) check (estimated_price >= 0 and estimated_price < 'NaN'),
    carrier_fee numeric(38, 18) check (carrier_fee >= 0 and carrier_fee < 'NaN'),
    price numeric(38, 18) check (price >= 0 and price < 'NaN'),
    happened_at timestamptz not null,
    stored_at timestamptz not null,
    is_reconciled boolean not null default false,
    xid xid8 not null default pg_current_xact_id(),
    primary key (client_id, message_sid),
    foreign key (client_id, user_id) references users on delete restrict
);
comment on table sms_messages is 'One row per text that was received or sent, by Twilio''s sid.';
comment on column sms_messages.segments is 'Our own count; told_segments is Twilio''s.';
comment on column sms_messages.price is 'What Twilio charges, once it says so; estimated_price and carrier_fee are ours.';
comment on column sms_messages.happened_at is 'When it was received or sent; stored_at may be later, after a time away.';
create index sms_messages_xid on sms_messages (xid);
create index sms_messages_task on sms_messages (client_id, task_id) where task_id is not null;
create index sms_messages_time on sms_messages (client_id, happened_at);
create index sms_messages_user on sms_messages (client_id, user_id, happened_at);

create table sms_status_events (
    client_id text not null references clients on delete restrict,
    message_sid text not null check (message_sid ~ '^(SM|MM)[0-9a-f]{32}$'),
    status text not null,
    error_code text not null default '',
    outbox_id text,
    received_at timestamptz not null,
    primary key (client_id, message_sid, status, error_code)
);
comment on table sms_status_events is 'One row per status that Twilio told of a message, known to us or not yet.';

create table tasks (
    client_id text not null references clients on delete restrict,
    task_id uuid not null,
    message_sid text not null,
    user_id text not null,
    conversation_id text not null,
    own_number text not null,
    keyword text,
    wishes_to_stop boolean not null,
    category text not null check (
        category in ('general', 'coding', 'debug', 'design', 'documentation', 'analysis')
    ),
    complexity numeric(4, 3) not null check (complexity between 0 and 1),
    status text not null default 'received'
        check (status in ('received', 'working', 'answered', 'failed', 'ignored')),
    outcome text,
    attempts integer not null default 0,
    fence bigint not null default 0,
    due_at timestamptz not null,
    counted_month text,
    request text,
    reply text,
    rest text,
    model text,
    input_tokens bigint check (input_tokens >= 0),
    output_tokens bigint check (output_tokens >= 0),
    processing_ms numeric(15, 3) check (processing_ms >= 0),
    is_late boolean not null default false,
    error_type text,
    error_message text,
    received_at timestamptz not null,
    completed_at timestamptz,
    metadata jsonb,
    xid xid8 not null default pg_current_xact_id(),
    primary key (client_id, task_id),
    unique (client_id, message_sid),
    foreign key (client_id, message_sid) references sms_messages on delete restrict,
    foreign key (client_id, user_id) references users on delete restrict,
    foreign key (client_id, conversation_id) references conversations on delete restrict
);
comment on table tasks is 'One row per text that wants something of us: what it asks, and what became of it.';
comment on column tasks.due_at is 'When it may be taken: the next try, or the end of a worker''s lease.';
comment on column tasks.request is 'The words that were answered: the text, or what was said in a recording.';
comment on column tasks.rest is 'What did not fit the reply, for MORE.';
create index tasks_xid on tasks (xid);
create index tasks_waiting on tasks (client_id, due_at) where status in ('received', 'working');
create index tasks_open on tasks (client_id, received_at, task_id)
    where status in ('received', 'working');
create index tasks_open_in_conversation
    on tasks (client_id, conversation_id, received_at, task_id)
    where status in ('received', 'working');
create index tasks_conversation on tasks (client_id, conversation_id, received_at);

create table task_calls (
    client_id text not null references clients on delete restrict,
    task_id uuid not null,
    event_id text not null,
    purpose text not null check (purpose in ('answer', 'transcription')),
    xid xid8 not null default pg_current_xact_id(),
    primary key (client_id, event_id),
    foreign key (client_id, task_id) references tasks on delete restrict,
    foreign key (client_id, event_id) references usage_events on delete restrict
);
comment on table task_calls is 'One row per model call that was made for a task.';
create index task_calls_xid on task_calls (xid);
create index task_calls_task on task_calls (client_id, task_id);

create table sms_outbox (
    client_id text not null references clients on delete restrict,
    outbox_id uuid not null,
    place bigint generated always as identity,
    task_id uuid not null,
    user_id text not null,
    kind text not null check (kind in ('answer', 'welcome', 'notice', 'working')),
    from_number text not null,
    to_number text not null,
    body text,
    segments integer not null check (segments between 1 and 10),
    despite_stop boolean not null default false,
    state text not null default 'pending' check (
        state in ('pending', 'sending', 'uncertain', 'sent', 'failed', 'suppressed', 'capped')
    ),
    attempts integer not null default 0,
    fence bigint not null default 0,
    due_at timestamptz not null,
    claimed_at timestamptz,
    message_sid text,
    error_code text,
    error_message text,
    created_at timestamptz not null,
    settled_at timestamptz,
    reserved_on date,
    primary key (client_id, outbox_id),
    unique (client_id, task_id, kind),
    unique (client_id, message_sid),
    check (state <> 'sent' or message_sid is not null),
    foreign key (client_id, task_id) references tasks on delete restrict,
    foreign key (client_id, user_id) references users on delete restrict
);
comment on table sms_outbox is 'One row per text that is to go out, at most one of a kind for a task.';
comment on column sms_outbox.despite_stop is 'The one confirmation of a STOP, and what was asked after it.';
comment on column sms_outbox.due_at is 'When it may be taken: the next try, or the end of a sender''s lease.';
create index sms_outbox_open on sms_outbox (client_id, due_at)
    where state in ('pending', 'sending', 'uncertain');
create index sms_outbox_open_in_pair on sms_outbox (client_id, to_number, from_number, place)
    where state in ('pending', 'sending', 'uncertain');
create index sms_outbox_pair on sms_outbox (client_id, to_number, from_number, place);

create table sms_suppressions (
    client_id text not null references clients on delete restrict,
    phone text not null,
    reason text not null check (reason in ('stop', 'refused', 'unreachable')),
    since timestamptz not null,
    primary key (client_id, phone)
);
comment on table sms_suppressions is 'One row per number that is sent nothing: STOP, Twilio''s 21610, or no phone behind it.';

create table sms_consents (
    client_id text not null references clients on delete restrict,
    consent_id bigint generated always as identity,
    phone text not null,
    act text not null check (act in ('texted', 'stop', 'start', 'refused', 'unreachable', 'wish')),
    source text not null check (source in ('text', 'twilio')),
    message_sid text,
    quoted text,
    recorded_at timestamptz not null,
    primary key (client_id, consent_id)
);
comment on table sms_consents is 'One row per act by which a number was allowed or forbidden to us; changed only to forget.';
create index sms_consents_phone on sms_consents (client_id, phone);

create table sms_spend (
    client_id text not null references clients on delete restrict,
    scope text not null check (scope in ('number', 'client')),
    name text not null,
    spent_on date not null,
    segments integer not null check (segments >= 0),
    cost numeric(38, 18) not null check (cost >= 0 and cost < 'NaN'),
    primary key (client_id, scope, name, spent_on)
);
create index sms_spend_day on sms_spend (client_id, scope, spent_on);
comment on column sms_spend.name is 'The client, or the hash of a number: forgetting gives no second cap.';
comment on table sms_spend is 'One row per number, or client, and day in the client''s zone: what was reserved of its cap.';

create table error_logs (
    client_id text references clients on delete restrict,
    error_id uuid primary key,
    error_type text not null check (
        error_type in (
            'openai_timeout', 'openai_error', 'twilio_error', 'database_error',
            'validation_error', 'system_error'
        )
    ),
    code text,
    message text not null,
    stack text,
    is_critical boolean not null,
    task_id uuid,
    user_id text,
    occurred_at timestamptz not null,
    alerted_at timestamptz,
    resolved_at timestamptz,
    notes text,
    metadata jsonb
);
comment on table error_logs is 'One row per error of the SMS agent; never a secret or a text. Without a client: of all.';
create index error_logs_time on error_logs (client_id, occurred_at);
create index error_logs_unalerted on error_logs (occurred_at) where is_critical and alerted_at is null;
create index error_logs_alerted on error_logs (alerted_at) where alerted_at is not null;

do $$
declare
    table_name text;
begin
    foreach table_name in array array[
        'sms_numbers', 'sms_users', 'sms_forgotten', 'sms_messages', 'sms_status_events', 'tasks', 'task_calls',
        'sms_outbox', 'sms_suppressions', 'sms_consents', 'sms_spend', 'error_logs'
    ] loop
        execute format('alter table %I enable row level security', table_name);
        execute format('alter table %I force row level security', table_name);
        execute format(
            'create policy tenant on %I to daybook_app '
            'using (client_id = current_client()) with check (client_id = current_client())',
            table_name
        );
        execute format('grant select, insert, update on %I to daybook_app', table_name);
        execute format('grant select on %I to daybook_pipeline', table_name);
        execute format(
            'create policy pipeline_reads on %I for select to daybook_pipeline using (true)',
            table_name
        );
    end loop;
    foreach table_name in array array['sms_users', 'sms_messages', 'tasks'] loop
        execute format(
            'create trigger %I before update on %I for each row execute function stamp_xid()',
            table_name || '_stamp_xid', table_name
        );
    end loop;
end $$;
grant delete on sms_numbers, sms_suppressions, sms_forgotten, sms_spend, user_profiles
    to daybook_app;
revoke update on sms_status_events, task_calls from daybook_app;

-- A number is looked up before its client is known: the one that was texted, and no other.
create policy texted_number on sms_numbers for select to daybook_app
    using (phone = nullif(current_setting('daybook.to_number', true), ''));
-- Work is taken client by client: who has a number at all is no secret of any of them.
create policy served_clients on sms_numbers for select to daybook_app
    using (current_setting('daybook.to_number', true) = 'any');

-- What is nobody's in particular, such as books that were away.
create policy of_no_client on error_logs for insert to daybook_app with check (client_id is null);
-- Told by the worker, resolved by a person at the command line.
create policy pipeline_alerts on error_logs for update to daybook_pipeline
    using (true) with check (true);
grant update (alerted_at, resolved_at, notes) on error_logs to daybook_pipeline;

-- grain: one row per task. Costs of texts are Twilio's price where it is told, else the estimate;
-- null where neither is known. Amounts of other currencies than the first are told by mixed_currency.
create view task_costs with (security_invoker = true) as
with texts as (
    select
        client_id, task_id,
        count(*) filter (where direction = 'inbound') as inbound_texts,
        count(*) filter (where direction = 'outbound') as outbound_texts,
        sum(segments) filter (where direction = 'inbound') as inbound_segments,
        sum(segments) filter (where direction = 'outbound') as outbound_segments,
        sum(coalesce(price, estimated_price)) filter (where direction = 'inbound') as inbound_cost,
        sum(coalesce(price, estimated_price)) filter (where direction = 'outbound') as outbound_cost,
        sum(carrier_fee) as carrier_fee,
        sum(estimated_price) as estimated_text_cost,
        sum(price) as told_text_cost,
        count(*) filter (where price is null) as texts_without_price,
        count(*) filter (where price is null and estimated_price is null) as texts_of_unknown_cost,
        min(currency) as currency
    from sms_messages
    where task_id is not null
    group by client_id, task_id
),
calls as (
    select
        task_calls.client_id, task_calls.task_id, count(*) as calls,
        sum(usage_calls.effective_cost) filter (where purpose = 'answer') as model_cost,
        sum(usage_calls.effective_cost) filter (where purpose = 'transcription')
            as transcription_cost,
        count(*) filter (where usage_calls.effective_cost is null) as calls_of_unknown_cost,
        min(usage_calls.currency) as currency,
        count(distinct usage_calls.currency) as currencies
    from task_calls
    inner join usage_calls
        on usage_calls.client_id = task_calls.client_id
        and usage_calls.event_id = task_calls.event_id
    group by task_calls.client_id, task_calls.task_id
)
select
    tasks.client_id, tasks.task_id, tasks.user_id, tasks.conversation_id, tasks.category,
    tasks.status, tasks.received_at,
    coalesce(texts.inbound_texts, 0) as inbound_texts,
    coalesce(texts.outbound_texts, 0) as outbound_texts,
    coalesce(texts.inbound_segments, 0) as inbound_segments,
    coalesce(texts.outbound_segments, 0) as outbound_segments,
    texts.inbound_cost, texts.outbound_cost, texts.carrier_fee, texts.estimated_text_cost,
    texts.told_text_cost,
    coalesce(texts.texts_without_price, 0) as texts_without_price,
    coalesce(calls.calls, 0) as calls,
    calls.model_cost, calls.transcription_cost,
    coalesce(texts.texts_of_unknown_cost, 0) + coalesce(calls.calls_of_unknown_cost, 0)
        as parts_of_unknown_cost,
    coalesce(texts.inbound_cost, 0) + coalesce(texts.outbound_cost, 0)
        + coalesce(texts.carrier_fee, 0) + coalesce(calls.model_cost, 0)
        + coalesce(calls.transcription_cost, 0) as cost,
    coalesce(texts.currency, calls.currency) as currency,
    coalesce(calls.currencies, 1) > 1
        or coalesce(calls.currency <> texts.currency, false) as mixed_currency
from tasks
left join texts on texts.client_id = tasks.client_id and texts.task_id = tasks.task_id
left join calls on calls.client_id = tasks.client_id and calls.task_id = tasks.task_id;
comment on view task_costs is 'What each answer cost: its texts, its carrier fee, its model calls.';
-- The view of the calls stands behind it: what a call costs now, its newest reprice included.
grant select on task_costs, usage_calls to daybook_app, daybook_pipeline;
