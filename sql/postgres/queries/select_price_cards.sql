-- Price cards with their rates: the shared ones, or one client's own.
-- params: $1 client, or null for the shared ones.
select
    price_cards.price_card_id, price_cards.client_id, price_cards.provider, price_cards.model,
    price_cards.pattern, price_cards.currency, price_cards.valid_from, price_cards.valid_to,
    price_cards.daily_from::text as daily_from, price_cards.daily_to::text as daily_to,
    price_cards.recorded_at, price_cards.source, price_cards.version, price_cards.position,
    coalesce(rates.units, '{}') as units,
    coalesce(rates.tiers, '{}') as tiers,
    coalesce(rates.thresholds, '{}') as thresholds,
    coalesce(rates.prices, '{}') as prices,
    coalesce(rates.pers, '{}') as pers
from price_cards
left join lateral (
    select
        array_agg(price_rates.unit) as units,
        array_agg(price_rates.tier) as tiers,
        array_agg(price_rates.context_threshold::text) as thresholds,
        array_agg(trim_scale(price_rates.price)::text) as prices,
        array_agg(price_rates.per::text) as pers
    from price_rates
    where price_rates.price_card_id = price_cards.price_card_id
) as rates on true
where price_cards.client_id is not distinct from $1
order by price_cards.price_card_id
