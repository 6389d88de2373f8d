-- The numbers of the tenant's client.
-- params: $1 client.
select phone from sms_numbers where client_id = $1 order by phone
