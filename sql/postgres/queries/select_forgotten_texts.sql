-- Which of these texts came before their sender was forgotten.
-- params: $1 client, $2 sids, $3 numbers, $4 when they came.
select told.message_sid
from unnest($2::text[], $3::text[], $4::timestamptz[]) as told (message_sid, phone, happened_at)
inner join sms_forgotten
    on sms_forgotten.client_id = $1
    and sms_forgotten.phone_hash = number_name($1, told.phone)
where sms_forgotten.forgotten_at >= told.happened_at
