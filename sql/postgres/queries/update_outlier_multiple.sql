-- params: $1 client, $2 outlier multiple.
update clients
set outlier_multiple = $2
where client_id = $1
returning client_id
