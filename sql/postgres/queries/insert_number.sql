-- params: $1 client, $2 number, $3 now.
insert into sms_numbers (client_id, phone, created_at)
values ($1, $2, $3)
on conflict (phone) do nothing
returning phone
