-- Appends the rates of new price cards.
-- params: one array per column.
insert into price_rates (price_card_id, unit, tier, context_threshold, price, per)
select * from unnest(
    $1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::numeric[], $6::bigint[]
)
