-- Tells whether the price list has grown: count and newest card, shared and the client's own.
-- why: ids are given before their transaction commits, so the newest id alone would miss a card.
-- params: none; row security shows the tenant's cards.
select
    count(*) filter (where client_id is null) as shared_count,
    max(price_card_id) filter (where client_id is null) as shared_newest,
    count(*) filter (where client_id is not null) as own_count,
    max(price_card_id) filter (where client_id is not null) as own_newest
from price_cards
