-- A count is of no use once its month is over everywhere.
-- params: $1 client, $2 now.
delete from sms_forgotten where client_id = $1 and forgotten_at < $2::timestamptz - interval '32 days'
