-- Whether a version of a catalogue has left shared cards already.
-- params: $1 source, $2 version.
select price_card_id
from price_cards
where client_id is null and source = $1 and version = $2
limit 1
