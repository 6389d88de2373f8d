-- Notes what Twilio charges, and how many segments it counts, where it says so by now.
-- params: $1 client; then a value per message: $2 sid, $3 price or null, $4 currency or null,
-- $5 segments or null.
update sms_messages
set price = coalesce(told.price, sms_messages.price),
    currency = case
        when told.price is null then sms_messages.currency
        else coalesce(told.currency, sms_messages.currency)
    end,
    told_segments = coalesce(told.segments, sms_messages.told_segments)
from unnest($2::text[], $3::numeric[], $4::text[], $5::integer[]) as told (
    message_sid, price, currency, segments
)
where sms_messages.client_id = $1 and sms_messages.message_sid = told.message_sid
    and (
        (told.price is not null and told.price is distinct from sms_messages.price)
        or (
            told.segments is not null
            and told.segments is distinct from sms_messages.told_segments
        )
    )
returning sms_messages.message_sid
