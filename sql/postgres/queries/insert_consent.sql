-- params: $1 client, $2 number, $3 act, $4 source, $5 sid or null, $6 words or null, $7 now.
insert into sms_consents (client_id, phone, act, source, message_sid, quoted, recorded_at)
values ($1, $2, $3, $4, $5, $6, $7)
