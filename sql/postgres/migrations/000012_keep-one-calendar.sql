-- The calendar of both databases, what left the books, and what the pipeline knows of each period.

-- Up Migration

-- Computed once, by core/calendar: Postgres, Node and DuckDB each carry zone data of their own.
create table calendar_days (
    time_zone text not null,
    calendar_date date not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at >= starts_at),
    zone_data text not null,
    xid xid8 not null default pg_current_xact_id(),
    primary key (time_zone, calendar_date)
);
comment on table calendar_days is 'One row per zone and business day, from its first instant to that of the next day.';
comment on column calendar_days.zone_data is 'The version of the time-zone data that the instants come from.';
create index calendar_days_xid on calendar_days (xid);

create table client_zones (
    client_id text not null references clients on delete restrict,
    effective_from date not null,
    time_zone text not null,
    xid xid8 not null default pg_current_xact_id(),
    primary key (client_id, effective_from)
);
comment on table client_zones is 'One row per zone that a client has counted its days in, from a date on.';
-- Forced row security would hide the clients from an owner who is no superuser.
alter table clients no force row level security;
insert into client_zones (client_id, effective_from, time_zone)
select client_id, '2000-01-01', time_zone
from clients;
alter table clients force row level security;

-- A client's first zone holds from the beginning; a later one is added with its date.
create function note_first_zone() returns trigger
    language plpgsql
    as $$
begin
    insert into client_zones (client_id, effective_from, time_zone)
    values (new.client_id, '2000-01-01', new.time_zone);
    return null;
end $$;
create trigger clients_note_first_zone after insert on clients
    for each row execute function note_first_zone();

-- What is deleted from the books is deleted from every copy of them.
create table tombstones (
    client_id text not null references clients on delete restrict,
    table_name text not null,
    key text[] not null,
    xid xid8 not null default pg_current_xact_id()
);
comment on table tombstones is 'One row per deletion of a row that the warehouse copies, by its key without the client.';
create index tombstones_xid on tombstones (xid);

create function bury_row() returns trigger
    language plpgsql
    as $$
declare
    row_key text[];
begin
    execute format(
        'select array[%s]',
        (select string_agg(format('($1).%I::text', name), ', ') from unnest(tg_argv) as names (name))
    ) using old into row_key;
    insert into tombstones (client_id, table_name, key) values (old.client_id, tg_table_name, row_key);
    return null;
end $$;
create trigger usage_events_bury after delete on usage_events
    for each row execute function bury_row('event_id');
create trigger cost_adjustments_bury after delete on cost_adjustments
    for each row execute function bury_row('event_id');
create trigger sms_messages_bury after delete on sms_messages
    for each row execute function bury_row('message_sid');
create trigger tasks_bury after delete on tasks
    for each row execute function bury_row('task_id');
create trigger task_calls_bury after delete on task_calls
    for each row execute function bury_row('event_id');
create trigger error_logs_bury after delete on error_logs
    for each row when (old.client_id is not null) execute function bury_row('error_id');

create index tasks_time on tasks (client_id, received_at);

alter table error_logs add column xid xid8 not null default pg_current_xact_id();
create index error_logs_xid on error_logs (xid);
create trigger error_logs_stamp_xid before update on error_logs
    for each row execute function stamp_xid();
-- What ingest books it never changes; who is erased is named otherwise.
create trigger usage_events_stamp_xid before update of user_id, conversation_id on usage_events
    for each row execute function stamp_xid();

-- grain: one row per client and business day. A client that changes its zone counts days in the new
-- one from a date on; the day before ends where that one begins, and one that the next overtakes
-- holds nothing.
create view client_days with (security_invoker = true) as
with zones as (
    select
        client_id, time_zone, effective_from,
        lead(effective_from, 1, '2100-01-01') over (
            partition by client_id order by effective_from
        ) as effective_until
    from client_zones
),
days as (
    select
        zones.client_id, calendar_days.calendar_date as business_date, calendar_days.starts_at,
        least(
            lead(calendar_days.starts_at, 1, calendar_days.ends_at) over later,
            lead(calendar_days.starts_at, 2, calendar_days.ends_at) over later
        ) as ends_at
    from zones
    inner join calendar_days
        on calendar_days.time_zone = zones.time_zone
        and calendar_days.calendar_date >= zones.effective_from
        and calendar_days.calendar_date < zones.effective_until
    window later as (partition by zones.client_id order by calendar_days.calendar_date)
)
select
    days.client_id, days.business_date, days.starts_at, days.ends_at,
    days.business_date
        - (extract(isodow from days.business_date)::integer - clients.week_start + 7) % 7
        as week_start_date,
    date_trunc('month', days.business_date::timestamp)::date as month_start_date,
    date_trunc('quarter', days.business_date::timestamp)::date as quarter_start_date
from days
inner join clients on clients.client_id = days.client_id
where days.starts_at < days.ends_at;
comment on view client_days is 'Each client''s business days as UTC instants, with the week, month and quarter of each.';

create table periods (
    client_id text not null references clients on delete restrict,
    period_kind text not null check (period_kind in ('day', 'week', 'month')),
    period_start date not null,
    ends_at timestamptz not null,
    closed_at timestamptz not null,
    as_of timestamptz not null,
    totals jsonb not null,
    primary key (client_id, period_kind, period_start)
);
comment on table periods is 'One row per period that is closed: all data up to its end was copied and the grace has passed.';
comment on column periods.totals is 'What its figures are: decimals as text, by measure.';

create table restatements (
    client_id text not null references clients on delete restrict,
    period_kind text not null,
    period_start date not null,
    measure text not null,
    old_value numeric not null,
    new_value numeric not null,
    row_count bigint not null,
    reason text not null,
    as_of timestamptz not null,
    primary key (client_id, period_kind, period_start, measure, as_of)
);
comment on table restatements is 'One row per figure of a closed period that late data changed.';
comment on column restatements.row_count is 'How many rows of the books came or changed in the period.';

create table check_failures (
    check_name text primary key,
    failed_at timestamptz not null,
    last_failed_at timestamptz not null,
    row_count bigint not null,
    first_rows jsonb not null,
    resolved_at timestamptz
);
comment on table check_failures is 'One row per assertion that failed, with the first rows that it found; resolved once it holds.';

do $$
declare
    table_name text;
begin
    foreach table_name in array array['client_zones', 'tombstones', 'periods', 'restatements'] loop
        execute format('alter table %I enable row level security', table_name);
        execute format('alter table %I force row level security', table_name);
        execute format(
            'create policy tenant on %I to daybook_app '
            'using (client_id = current_client()) with check (client_id = current_client())',
            table_name
        );
    end loop;
    foreach table_name in array array['periods', 'restatements'] loop
        execute format(
            'create policy pipeline_keeps on %I to daybook_pipeline using (true) with check (true)',
            table_name
        );
        execute format('grant select on %I to daybook_app', table_name);
        execute format('grant select, insert, update on %I to daybook_pipeline', table_name);
    end loop;
    foreach table_name in array array['client_zones', 'tombstones'] loop
        execute format(
            'create policy pipeline_reads on %I for select to daybook_pipeline using (true)',
            table_name
        );
        execute format('grant select, insert on %I to daybook_app', table_name);
        execute format('grant select on %I to daybook_pipeline', table_name);
    end loop;
end $$;
grant select on calendar_days, client_days to daybook_app;
grant select on client_days to daybook_pipeline;
grant select, insert, update on calendar_days to daybook_pipeline;
grant select, insert, update on check_failures to daybook_pipeline;
