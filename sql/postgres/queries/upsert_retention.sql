-- How long a client keeps a kind of data.
-- params: $1 client, $2 kind, $3 days or null for good.
insert into retention_policies (client_id, kind, days)
values ($1, $2, $3)
on conflict (client_id, kind) do update set days = excluded.days
