-- Every call whole: parts of its usage, two costs and a status; the price book; adjustments.

-- Up Migration

alter table usage_events
    add column source text not null default 'native',
    add column served_model text,
    add column operation text check (
        operation in (
            'chat', 'completion', 'embedding', 'transcription', 'speech', 'image', 'rerank'
        )
    ),
    add column phone text,
    add column request_id text,
    add column error_type text,
    add column ttft_ms numeric(15, 3) check (ttft_ms >= 0),
    add column streamed boolean,
    add column service_tier text,
    add column batch boolean,
    add column tags text[],
    add column cache_read_tokens bigint check (cache_read_tokens between 0 and 1000000000000),
    add column cache_write_tokens bigint check (cache_write_tokens between 0 and 1000000000000),
    add column cache_write_5m_tokens bigint
        check (cache_write_5m_tokens between 0 and 1000000000000),
    add column cache_write_1h_tokens bigint
        check (cache_write_1h_tokens between 0 and 1000000000000),
    add column reasoning_tokens bigint check (reasoning_tokens between 0 and 1000000000000),
    add column input_audio_tokens bigint check (input_audio_tokens between 0 and 1000000000000),
    add column output_audio_tokens bigint
        check (output_audio_tokens between 0 and 1000000000000),
    add column audio_seconds numeric(18, 6) check (audio_seconds >= 0),
    add column images bigint check (images between 0 and 1000000000000),
    add column searches bigint check (searches between 0 and 1000000000000),
    add column requests bigint check (requests between 0 and 1000000000000),
    add column other_units jsonb,
    add column raw_usage jsonb,
    add column estimated boolean not null default false,
    add column flags text[],
    add column computed_cost numeric(38, 18)
        check (computed_cost >= 0 and computed_cost < 'NaN'),
    add column computed_currency text check (computed_currency ~ '^[A-Z]{3}$'),
    add column cost numeric(38, 18) check (cost >= 0 and cost < 'NaN'),
    add column cost_status text not null default 'unpriced'
        check (cost_status in ('reported', 'computed', 'estimated', 'free', 'unpriced')),
    add column price_card_id bigint;

comment on column usage_events.source is 'The wire format it came in.';
comment on column usage_events.model is 'The model as it was asked for.';
comment on column usage_events.served_model is 'The model that answered, where the provider named it.';
comment on column usage_events.input_tokens is 'All input, cache reads, cache writes and audio included.';
comment on column usage_events.output_tokens is 'All output, reasoning and audio included.';
comment on column usage_events.cache_write_tokens is 'Cache writes of every time to live; part of the input.';
comment on column usage_events.other_units is 'Counts of rarer units that have prices, such as input_image_tokens.';
comment on column usage_events.raw_usage is 'The provider''s own usage object, as received.';
comment on column usage_events.estimated is 'True where the usage was estimated by the caller, not measured.';
comment on column usage_events.flags is 'What does not add up, such as cache_exceeds_input; the figures are kept.';
comment on column usage_events.cost is 'What counts: the reported or the computed cost; null where unknown.';
comment on column usage_events.price_card_id is 'The price card of the computed cost. No foreign key: cards are never removed, and a check per call costs.';

-- Calls that were booked before there was a price book. Their xid is renewed to be copied again;
-- forced row security would hide them from an owner who is no superuser.
alter table usage_events no force row level security;
update usage_events
set
    cost = reported_cost,
    cost_status = 'reported',
    xid = pg_current_xact_id()
where reported_cost > 0;
alter table usage_events force row level security;

alter table clients
    add column outlier_multiple integer not null default 100
        check (outlier_multiple between 2 and 1000000);
comment on column clients.outlier_multiple is 'A call that costs so many times its model''s median is shown apart.';

-- One row per price of a model in a time: valid from and to by the clock of the calls, recorded at
-- by ours. Cards are never changed; a later recorded one goes before an earlier.
create table price_cards (
    price_card_id bigint generated always as identity primary key,
    client_id text references clients on delete restrict,
    provider text not null,
    model text not null,
    pattern jsonb not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    valid_from timestamptz,
    valid_to timestamptz check (valid_to > valid_from),
    daily_from time,
    daily_to time,
    recorded_at timestamptz not null,
    source text not null,
    version text not null,
    fingerprint text not null,
    position integer not null
);
comment on table price_cards is 'One row per model price and validity; shared, or one client''s own.';
comment on column price_cards.pattern is 'Which model names it is for: equals, starts_with, ends_with, contains, regex, and, or.';
comment on column price_cards.position is 'The order of the source: of two cards that match, the earlier one applies.';
comment on column price_cards.fingerprint is 'sha256 of the card''s content; only what differs from what was recorded last is added.';
comment on column price_cards.recorded_at is 'Cards of one model with the same time are one statement; the latest statement that covers a call decides.';

-- A price may come back: the same content is recorded again at another time.
create unique index price_cards_statement on price_cards
    (coalesce(client_id, ''), provider, model, source, recorded_at, fingerprint);
create index price_cards_client on price_cards (client_id);

create table price_rates (
    price_card_id bigint not null references price_cards on delete restrict,
    unit text not null,
    tier text not null default 'standard',
    context_threshold bigint not null default 0 check (context_threshold >= 0),
    price numeric(38, 18) not null check (price >= 0 and price < 'NaN'),
    per bigint not null default 1 check (per > 0),
    primary key (price_card_id, unit, tier, context_threshold)
);
comment on table price_rates is 'One row per unit, service tier and context size of a card: price for `per` units.';
comment on column price_rates.context_threshold is 'The price applies to the whole call when its input exceeds so many tokens; 0 for the base price.';

-- Later repricings; the event itself is never changed.
create table cost_adjustments (
    client_id text not null,
    adjustment_id bigint generated always as identity,
    event_id text not null,
    reprice_id uuid not null,
    old_cost numeric(38, 18) check (old_cost >= 0 and old_cost < 'NaN'),
    old_cost_status text not null,
    new_cost numeric(38, 18) check (new_cost >= 0 and new_cost < 'NaN'),
    new_computed_cost numeric(38, 18)
        check (new_computed_cost >= 0 and new_computed_cost < 'NaN'),
    new_cost_status text not null
        check (new_cost_status in ('reported', 'computed', 'estimated', 'free', 'unpriced')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    price_card_id bigint,
    reason text not null,
    recorded_at timestamptz not null,
    xid xid8 not null default pg_current_xact_id(),
    primary key (client_id, adjustment_id),
    foreign key (client_id, event_id) references usage_events on delete restrict
);
comment on table cost_adjustments is 'One row per event that a reprice changed; the newest one of an event counts.';

create index cost_adjustments_event on cost_adjustments (client_id, event_id, adjustment_id desc);
create index cost_adjustments_xid on cost_adjustments (xid);

alter table price_cards enable row level security;
alter table price_cards force row level security;
create policy shared_or_own on price_cards for select to daybook_app
    using (client_id is null or client_id = current_client());
create policy own on price_cards for insert to daybook_app
    with check (client_id = current_client());
create policy pipeline_reads on price_cards for select to daybook_pipeline using (true);

alter table price_rates enable row level security;
alter table price_rates force row level security;
create policy of_visible_card on price_rates for select to daybook_app
    using (exists (
        select from price_cards where price_cards.price_card_id = price_rates.price_card_id
    ));
create policy of_own_card on price_rates for insert to daybook_app
    with check (exists (
        select from price_cards
        where price_cards.price_card_id = price_rates.price_card_id
            and price_cards.client_id = current_client()
    ));
create policy pipeline_reads on price_rates for select to daybook_pipeline using (true);

alter table cost_adjustments enable row level security;
alter table cost_adjustments force row level security;
create policy tenant on cost_adjustments to daybook_app
    using (client_id = current_client()) with check (client_id = current_client());
create policy pipeline_reads on cost_adjustments for select to daybook_pipeline using (true);

-- The price list itself is kept by the owner, whom forced row security holds too.
do $$
declare
    table_name text;
begin
    foreach table_name in array array['price_cards', 'price_rates'] loop
        execute format(
            'create policy owner_keeps on %I to %I using (true) with check (true)',
            table_name, current_user
        );
        execute format('grant select, insert on %I to daybook_app', table_name);
        execute format('grant select on %I to daybook_pipeline', table_name);
    end loop;
end $$;
grant select, insert on cost_adjustments to daybook_app;
grant select on cost_adjustments to daybook_pipeline;
