-- Jobs with cron expressions, zones, policies and holidays take the place of schedules; the ledger of
-- runs holds their slots from when they are planned.

-- Up Migration

create table jobs (
    job text not null,
    client_id text references clients on delete restrict,
    kind text not null,
    params jsonb not null default '{}' check (jsonb_typeof(params) = 'object'),
    cron text,
    time_zone text,
    policy text not null default 'coalesce' check (policy in ('coalesce', 'skip', 'all')),
    on_holiday text not null default 'run' check (on_holiday in ('run', 'skip', 'move')),
    paused_at timestamptz,
    created_at timestamptz not null default now(),
    last_slot_at timestamptz,
    unique nulls not distinct (job, client_id)
);
comment on table jobs is 'One row per job, of a client or (null) of all: what recurs, when, and what becomes of missed slots.';
comment on column jobs.cron is 'Null: it works at every wake of the worker and has no slots.';
comment on column jobs.time_zone is 'Null: the client''s own zone; UTC where there is no client.';
comment on column jobs.last_slot_at is 'The newest slot that was planned; none up to it is planned again.';

create table holidays (
    client_id text not null references clients on delete restrict,
    holiday_date date not null,
    name text not null,
    primary key (client_id, holiday_date)
);
comment on table holidays is 'One row per date on which a client does no business.';

alter table runs
    drop constraint runs_state_check,
    add constraint runs_state_check check (
        state in ('due', 'running', 'succeeded', 'failed', 'skipped', 'superseded')
    ),
    alter column started_at drop not null,
    alter column lease_until drop not null,
    add column kind text,
    add column params jsonb,
    add column triggered_by text not null default 'schedule'
        check (triggered_by in ('schedule', 'hand', 'backfill')),
    add column is_late boolean not null default false,
    add column missed_slots integer not null default 0,
    add column holder text;
comment on column runs.kind is 'Which work it is; null where whoever claimed it knows.';
comment on column runs.missed_slots is 'How many slots, missed before it, it stands for.';
comment on column runs.state is 'due: nobody has begun. skipped, superseded: nobody will, by policy.';

create index runs_open on runs (slot_at) where state in ('due', 'running', 'failed');

-- An owner who is no superuser would see nothing of what it moves here.
alter table schedules no force row level security;
alter table runs no force row level security;

-- A slot that was done as a schedule's is done as its job's: the names in the ledger stay.
insert into jobs (
    job, client_id, kind, params, cron, paused_at, created_at, last_slot_at
)
select
    format('report %s %s', report, period_kind),
    client_id,
    'report',
    jsonb_build_object('report', report, 'period', period_kind),
    format(
        '%s %s %s * %s', extract(minute from local_time)::integer,
        extract(hour from local_time)::integer,
        case period_kind when 'month' then '1' else '*' end,
        case period_kind when 'week' then 'mon' else '*' end
    ),
    case when not enabled then now() end,
    created_at,
    (
        select max(runs.slot_at) from runs
        where runs.client_id = schedules.client_id
            and runs.job = format('report %s %s', report, period_kind)
    )
from schedules;
drop table schedules;

-- The newest slot of each job goes on being retried; older ones had been left alone already.
update runs
set kind = jobs.kind, params = jobs.params
from jobs
where runs.job = jobs.job and runs.client_id = jobs.client_id
    and runs.slot_at = jobs.last_slot_at;
alter table runs force row level security;

do $$
declare
    table_name text;
begin
    foreach table_name in array array['jobs', 'holidays'] loop
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

create policy pipeline_keeps on jobs to daybook_pipeline using (true) with check (true);
grant insert, update on jobs to daybook_app, daybook_pipeline;
grant insert, update, delete on holidays to daybook_app;
