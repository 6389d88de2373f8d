-- params: $1 client.
select time_zone from clients where client_id = $1
