-- params: $1 client, $2 act, $3 now; then a value per act: $4 number, $5 source, $6 sid or null, $7
-- words or null.
insert into sms_consents (client_id, phone, act, source, message_sid, quoted, recorded_at)
select $1, noted.phone, $2, noted.source, noted.message_sid, noted.quoted, $3
from unnest($4::text[], $5::text[], $6::text[], $7::text[])
    with ordinality as noted (phone, source, message_sid, quoted, place)
order by noted.place
