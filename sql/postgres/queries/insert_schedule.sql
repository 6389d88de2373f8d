-- A recurring report of a client.
-- params: $1 client, $2 report, $3 period kind, $4 now: no slot before it comes.
insert into schedules (client_id, report, period_kind, created_at)
values ($1, $2, $3, $4)
on conflict (client_id, report, period_kind) do nothing
