-- The user of each phone number, made where the number has never texted before.
-- params: $1 client, $2 numbers in ascending order, $3 an id for each that turns out to be new, $4 now.
-- why: a number that another transaction makes at this moment comes back with no row; ask once more.
with named as (
    select phone, fresh_id from unnest($2::text[], $3::text[]) as named (phone, fresh_id)
),
known as (
    select sms_users.phone, sms_users.user_id
    from sms_users
    inner join named on named.phone = sms_users.phone
    where sms_users.client_id = $1
),
added as (
    insert into sms_users (
        client_id, user_id, phone, is_active, request_month, monthly_requests, upgraded_month,
        last_active_at, created_at
    )
    select
        $1, named.fresh_id, named.phone, coalesce(sms_forgotten.is_active, true),
        sms_forgotten.request_month,
        coalesce(sms_forgotten.monthly_requests, 0), sms_forgotten.upgraded_month, $4, $4
    from named
    left join sms_forgotten
        on sms_forgotten.client_id = $1
        and sms_forgotten.phone_hash = number_name($1, named.phone)
    where not exists (select 1 from known where known.phone = named.phone)
    order by named.phone
    on conflict (client_id, phone) do nothing
    returning phone, user_id
),
as_user as (
    insert into users (client_id, user_id, first_seen_at)
    select $1, added.user_id, $4 from added
)
select phone, user_id, false as is_new from known
union all
select phone, user_id, true from added
