-- params: $1 client.
select client_id from clients where client_id = $1 for update
