-- Back to the default.
-- params: $1 client, $2 kind.
delete from retention_policies where client_id = $1 and kind = $2
