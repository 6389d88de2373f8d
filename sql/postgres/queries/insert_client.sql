-- params: $1 client, $2 name, $3 time zone, $4 week start, $5 currency, $6 locale.
insert into clients (client_id, name, time_zone, week_start, currency, locale)
values ($1, $2, $3, $4, $5, $6)
on conflict (client_id) do nothing
returning client_id
