-- A recurring report of a client.
-- params: $1 client, $2 report, $3 period kind.
insert into schedules (client_id, report, period_kind)
values ($1, $2, $3)
on conflict (client_id, report, period_kind) do nothing
