-- A number that is sent nothing from now on. A STOP outlives every other reason.
-- params: $1 client, $2 number, $3 reason, $4 since when.
-- why: texts may be found later than they came, so a STOP is as late as the latest.
insert into sms_suppressions (client_id, phone, reason, since)
values ($1, $2, $3, $4)
on conflict (client_id, phone) do update
set reason = case when sms_suppressions.reason = 'stop' then 'stop' else excluded.reason end,
    since = greatest(sms_suppressions.since, excluded.since)
where (sms_suppressions.reason <> 'stop' and sms_suppressions.reason <> excluded.reason)
    or (excluded.reason = 'stop' and sms_suppressions.since < excluded.since)
