-- Books texts that left our number otherwise than from the outbox; state and price come with the listing.
-- params: $1 client, $2 now; then a value per text: $3 sid, $4 our number, $5 its addressee,
-- $6 encoding, $7 segments, $8 currency, $9 estimated price, $10 carrier fee, $11 when it was sent.
-- why: while a text of the pair may be on its way it may be this one, which is the look-up's to take
-- over. A number stands only with its person, who may be forgotten at this moment.
with told as (
    select told.*
    from unnest(
        $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::numeric[],
        $10::numeric[], $11::timestamptz[]
    ) as told (
        message_sid, from_number, to_number, encoding, segments, currency, estimated_price,
        carrier_fee, happened_at
    )
    where not exists (
        select 1
        from sms_outbox
        where sms_outbox.client_id = $1 and sms_outbox.to_number = told.to_number
            and sms_outbox.from_number = told.from_number and sms_outbox.attempts > 0
            and sms_outbox.state in ('pending', 'sending', 'uncertain')
    )
        and not exists (
            select 1
            from sms_messages
            where sms_messages.client_id = $1 and sms_messages.message_sid = told.message_sid
        )
),
people as (
    select sms_users.user_id, sms_users.phone
    from sms_users
    where sms_users.client_id = $1
        and sms_users.phone in (select told.to_number from told)
    order by sms_users.user_id
    for share
)
insert into sms_messages (
    client_id, message_sid, direction, from_number, to_number, user_id, encoding, segments, status,
    currency, estimated_price, carrier_fee, happened_at, stored_at, is_reconciled
)
select
    $1, told.message_sid, 'outbound', told.from_number, coalesce(people.phone, 'unknown'),
    people.user_id, told.encoding, told.segments, 'queued', told.currency, told.estimated_price,
    told.carrier_fee, told.happened_at, $2, true
from told
left join people
    on people.phone = told.to_number
    and not exists (
        select 1
        from sms_forgotten
        where sms_forgotten.client_id = $1
            and sms_forgotten.phone_hash = number_name($1, told.to_number)
            and sms_forgotten.forgotten_at >= told.happened_at
    )
on conflict (client_id, message_sid) do nothing
returning message_sid
