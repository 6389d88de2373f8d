-- params: $1 client, $2 name, $3 time zone, $4 week start, $5 currency, $6 locale, $7 now,
-- $8 outlier multiple.
insert into clients (
    client_id, name, time_zone, week_start, currency, locale, created_at, outlier_multiple
)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (client_id) do nothing
returning client_id
