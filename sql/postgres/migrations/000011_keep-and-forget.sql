-- How long words are kept, who was erased, and what the pipeline may empty and tell; numbers that want
-- nothing are known by their hash once their person is forgotten.

-- Up Migration

create table retention_policies (
    client_id text not null references clients on delete restrict,
    kind text not null check (kind ~ '^[a-z][a-z-]{0,62}$'),
    days integer check (days between 1 and 36500),
    primary key (client_id, kind)
);
comment on table retention_policies is 'One row per client and kind of data that is kept for another time than by default.';
comment on column retention_policies.days is 'Null: kept for good.';

create table erasures (
    client_id text not null references clients on delete restrict,
    erasure_id uuid not null,
    pseudonym text not null check (pseudonym <> ''),
    asked_by text not null check (asked_by ~ '[^[:space:]]' and length(asked_by) <= 200),
    asked_at timestamptz not null,
    finished_at timestamptz,
    counts jsonb not null default '{}' check (jsonb_typeof(counts) = 'object'),
    subject jsonb check (jsonb_typeof(subject) = 'object'),
    primary key (client_id, erasure_id),
    check ((subject is null) = (finished_at is not null))
);
comment on table erasures is 'One row per person who was erased: the receipt. It names nobody once it is finished.';
comment on column erasures.pseudonym is 'What the person''s calls and texts are booked under now; random.';
comment on column erasures.counts is 'How many rows of each table were changed.';
comment on column erasures.subject is 'Whom it is about, for as long as it is under way; a crash is resumed from it.';
create unique index erasures_subject on erasures (client_id, (subject ->> 'name'))
    where subject is not null;
create index erasures_finished on erasures (finished_at);

do $$
declare
    table_name text;
begin
    foreach table_name in array array['retention_policies', 'erasures'] loop
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
end $$;
grant insert, update, delete on retention_policies to daybook_app;

-- The nightly job empties what is too old, in these columns alone; it books and changes nothing else.
grant update (body, media) on sms_messages to daybook_pipeline;
grant update (request, reply, rest, transcripts, error_message, metadata)
    on tasks to daybook_pipeline;
grant update (body) on sms_outbox to daybook_pipeline;
grant update (metadata) on usage_events to daybook_pipeline;
grant update (message, stack, metadata) on error_logs to daybook_pipeline;
grant delete on runs, sms_status_events to daybook_pipeline;
create policy pipeline_empties on sms_messages for update to daybook_pipeline
    using (true) with check (body is null or media is null);
create policy pipeline_empties on tasks for update to daybook_pipeline
    using (true) with check (true);
create policy pipeline_empties on sms_outbox for update to daybook_pipeline
    using (true) with check (body is null);
create policy pipeline_empties on usage_events for update to daybook_pipeline
    using (true) with check (metadata is null);
create policy pipeline_empties on sms_status_events for delete to daybook_pipeline using (true);

-- So that each night reads what is to go, and not all that went before it.
create index sms_messages_with_body on sms_messages (client_id, happened_at)
    where body is not null;
create index sms_messages_with_media on sms_messages (client_id, happened_at)
    where media is not null;
create index sms_outbox_with_body on sms_outbox (client_id, created_at) where body is not null;
create index tasks_with_words on tasks (client_id, received_at)
    where request is not null or reply is not null or rest is not null
        or transcripts is not null;

-- Whoever is erased takes part in conversations under an id of theirs.
create index usage_events_conversation on usage_events (client_id, conversation_id)
    where conversation_id is not null;

-- What is nobody's in particular, such as a disk that fills up, is told by the worker too.
grant insert on error_logs to daybook_pipeline;
create policy pipeline_tells on error_logs for insert to daybook_pipeline
    with check (client_id is null);

create function number_mark(client_id text, phone text) returns text
    language sql stable parallel safe
    return 'sha256:' || encode(number_name(client_id, phone), 'hex');
comment on function number_mark is 'What stands in place of a number that is forgotten and must still get nothing.';
revoke execute on function number_mark(text, text) from public;
grant execute on function number_mark(text, text) to daybook_app;
