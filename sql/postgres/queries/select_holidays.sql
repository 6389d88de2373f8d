-- params: $1 client.
select to_char(holiday_date, 'YYYY-MM-DD') as date, name
from holidays
where client_id = $1
order by holiday_date
