-- params: $1 client, $2 dates.
delete from holidays
where client_id = $1 and holiday_date = any ($2::date[])
returning holiday_date
