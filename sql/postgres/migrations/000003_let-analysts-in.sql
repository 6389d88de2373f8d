-- Logins for analysts and applications, and what row security shows each of them. Who a session is
-- comes from session_user alone: no setting, role or search path that a login can change has a part.

-- Up Migration

create table database_logins (
    role_name name primary key,
    client_id text not null references clients on delete restrict,
    user_id text,
    kind text not null check (kind in ('analyst', 'service', 'user')),
    label text not null,
    created_at timestamptz not null default now(),
    foreign key (client_id, user_id) references users on delete restrict,
    check ((kind = 'user') = (user_id is not null))
);
comment on table database_logins is 'One row per Postgres login of a client; a login without a row sees nothing.';
comment on column database_logins.kind is 'analyst: the client''s calls without personal data; service: all of the client; user: one user''s own.';

-- What a person is called and likes, apart from the calls: it can be forgotten, they cannot.
create table user_profiles (
    client_id text not null,
    user_id text not null,
    email text check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 320),
    full_name text check (full_name ~ '[^[:space:]]' and length(full_name) <= 200),
    locale text check (locale ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}$'),
    time_zone text check (time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$'),
    preferences jsonb not null default '{}'
        check (jsonb_typeof(preferences) = 'object' and length(preferences::text) <= 16384),
    updated_at timestamptz not null default now(),
    primary key (client_id, user_id),
    foreign key (client_id, user_id) references users on delete restrict
);
comment on table user_profiles is 'One row per user who has told something about himself; he may change it.';

create function stamp_updated_at() returns trigger
    language plpgsql
    as $$ begin new.updated_at := now(); return new; end $$;

create trigger user_profiles_stamp_updated_at before insert or update on user_profiles
    for each row execute function stamp_updated_at();

-- Reads of one person's calls; rows without a user pay nothing.
create index usage_events_user on usage_events (client_id, user_id, occurred_at)
    where user_id is not null;

-- They run with the rights of the caller, who sees his own row of database_logins and no other.
-- Their bodies are bound to tables and operators here, whatever the caller's search path says.
create function login_client() returns text
    language sql stable parallel safe
begin atomic
    select client_id from database_logins where role_name = session_user;
end;

create function login_user() returns text
    language sql stable parallel safe
begin atomic
    select user_id from database_logins where role_name = session_user;
end;

create function login_kind() returns text
    language sql stable parallel safe
begin atomic
    select kind from database_logins where role_name = session_user;
end;

revoke execute on function login_client(), login_user(), login_kind() from public;
grant execute on function login_client(), login_user(), login_kind() to daybook_analyst;

alter table database_logins enable row level security;
alter table database_logins force row level security;
create policy own_login on database_logins for select to daybook_analyst
    using (role_name = session_user);
create policy tenant on database_logins for select to daybook_app
    using (client_id = current_client());
create policy pipeline_reads on database_logins for select to daybook_pipeline using (true);
grant select (role_name, client_id, user_id, kind) on database_logins to daybook_analyst;
grant select on database_logins to daybook_app, daybook_pipeline;

-- The logins are kept by the owner, whom forced row security holds too.
do $$
begin
    execute format(
        'create policy owner_keeps on database_logins to %I using (true) with check (true)',
        current_user
    );
end $$;

create policy own_client on clients for select to daybook_analyst
    using (client_id = (select login_client()));

create policy own_client_or_user on users for select to daybook_analyst
    using (
        client_id = (select login_client())
        and ((select login_kind()) in ('analyst', 'service') or user_id = (select login_user()))
    );

create policy own_client_or_user on usage_events for select to daybook_analyst
    using (
        client_id = (select login_client())
        and ((select login_kind()) in ('analyst', 'service') or user_id = (select login_user()))
    );

-- An adjustment names no user; it is seen where its event is.
create policy of_visible_event on cost_adjustments for select to daybook_analyst
    using (
        client_id = (select login_client())
        and (
            (select login_kind()) in ('analyst', 'service')
            or exists (
                select from usage_events as events
                where events.client_id = cost_adjustments.client_id
                    and events.event_id = cost_adjustments.event_id
                    and events.user_id = (select login_user())
            )
        )
    );

alter table user_profiles enable row level security;
alter table user_profiles force row level security;
create policy tenant on user_profiles to daybook_app
    using (client_id = current_client()) with check (client_id = current_client());
-- None for analysts: they may ask, and get no row.
create policy own_client_or_user on user_profiles to daybook_application
    using (
        client_id = (select login_client())
        and ((select login_kind()) = 'service' or user_id = (select login_user()))
    )
    with check (
        client_id = (select login_client())
        and ((select login_kind()) = 'service' or user_id = (select login_user()))
    );
grant select, insert, update on user_profiles to daybook_app;

-- Column by column: phone numbers, metadata and raw usage may hold personal data.
grant select (client_id, name, time_zone, week_start, currency, locale)
    on clients to daybook_analyst;
grant select (client_id, user_id, first_seen_at) on users to daybook_analyst;
grant select (
    client_id, event_id, occurred_at, received_at, source, provider, model, served_model,
    operation, user_id, conversation_id, chatbot_id, request_id, status, error_type, latency_ms,
    ttft_ms, streamed, service_tier, batch, tags, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens,
    input_audio_tokens, output_audio_tokens, audio_seconds, images, searches, requests,
    other_units, estimated, flags, reported_cost, computed_cost, computed_currency, cost,
    cost_status, price_card_id, currency
) on usage_events to daybook_analyst;
grant select (
    client_id, adjustment_id, event_id, reprice_id, old_cost, old_cost_status, new_cost,
    new_computed_cost, new_cost_status, currency, price_card_id, reason, recorded_at
) on cost_adjustments to daybook_analyst;
grant select on user_profiles to daybook_analyst;

grant select (phone, metadata, raw_usage) on usage_events to daybook_application;
grant
    insert (client_id, user_id, email, full_name, locale, time_zone, preferences),
    update (email, full_name, locale, time_zone, preferences),
    delete
    on user_profiles to daybook_application;
