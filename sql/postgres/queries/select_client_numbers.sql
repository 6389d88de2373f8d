-- The numbers of the tenant's client, and since when they are its own.
-- params: $1 client.
select phone, created_at from sms_numbers where client_id = $1 order by phone
