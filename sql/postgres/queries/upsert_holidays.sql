-- params: $1 client, $2 dates, $3 name.
insert into holidays (client_id, holiday_date, name)
select $1, holiday_date, $3 from unnest($2::date[]) as dates (holiday_date)
on conflict (client_id, holiday_date) do update set name = excluded.name
