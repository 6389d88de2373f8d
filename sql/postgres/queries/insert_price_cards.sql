-- Appends price cards and returns the id of each with its place in the arrays.
-- params: $1 client or null, $2 recorded at, then one array per column.
with received as (
    select *
    from unnest(
        $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::timestamptz[], $8::timestamptz[],
        $9::time[], $10::time[], $11::text[], $12::text[], $13::text[], $14::integer[]
    ) with ordinality as cards (
        provider, model, pattern, currency, valid_from, valid_to,
        daily_from, daily_to, source, version, fingerprint, position, place
    )
),

added as (
    insert into price_cards (
        client_id, provider, model, pattern, currency, valid_from, valid_to,
        daily_from, daily_to, recorded_at, source, version, fingerprint, position
    )
    select
        $1, received.provider, received.model, received.pattern, received.currency,
        received.valid_from, received.valid_to, received.daily_from, received.daily_to, $2,
        received.source, received.version, received.fingerprint, received.position
    from received
    order by received.place
    returning price_card_id, provider, model, fingerprint
)

select added.price_card_id, received.place
from added
inner join received using (provider, model, fingerprint)
order by received.place
