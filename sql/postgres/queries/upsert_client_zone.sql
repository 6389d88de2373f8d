-- Lets a client count its days in a zone from a date on; the newest zone is its own.
-- params: $1 client, $2 date, $3 zone.
with noted as (
    insert into client_zones (client_id, effective_from, time_zone)
    values ($1, $2, $3)
    on conflict (client_id, effective_from) do update
    set time_zone = excluded.time_zone
)

update clients
set time_zone = $3
where client_id = $1
