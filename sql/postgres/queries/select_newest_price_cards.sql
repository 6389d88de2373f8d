-- What was recorded last of each model and pattern: one row per statement, cards in one order.
-- params: $1 client, or null for the shared ones; $2 source.
with numbered as (
    select
        provider, model, fingerprint, recorded_at,
        pattern = '{"or": []}' as is_ending,
        case when client_id is null then '' else pattern::text end as own_pattern
    from price_cards
    where client_id is not distinct from $1 and source = $2
),

newest as (
    select provider, model, own_pattern, max(recorded_at) as recorded_at
    from numbered
    group by provider, model, own_pattern
)

select
    numbered.provider, numbered.model, newest.own_pattern, newest.recorded_at,
    bool_and(numbered.is_ending) as has_ended,
    array_agg(numbered.fingerprint order by numbered.fingerprint) as fingerprints
from newest
inner join numbered using (provider, model, own_pattern, recorded_at)
group by numbered.provider, numbered.model, newest.own_pattern, newest.recorded_at
