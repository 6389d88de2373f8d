-- A number that is sent nothing from now on. A STOP outlives every other reason.
-- params: $1 client, $2 number, $3 reason, $4 now.
insert into sms_suppressions (client_id, phone, reason, since)
values ($1, $2, $3, $4)
on conflict (client_id, phone) do update
set reason = excluded.reason, since = excluded.since
where sms_suppressions.reason <> 'stop' and sms_suppressions.reason <> excluded.reason
