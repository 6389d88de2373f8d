-- The people who text a client, the last active first; whoever is forgotten is nobody.
-- params: $1 client.
select
    sms_users.user_id, sms_users.phone, sms_users.tier, sms_users.is_active, sms_users.is_admin,
    sms_users.is_executive, sms_users.monthly_requests, sms_users.request_month,
    sms_users.total_requests, sms_users.last_active_at, (
        select reason
        from sms_suppressions
        where sms_suppressions.client_id = sms_users.client_id
            and sms_suppressions.phone in (
                sms_users.phone, number_mark(sms_users.client_id, sms_users.phone)
            )
        order by reason = 'stop' desc
        limit 1
    ) as suppression,
    coalesce(user_profiles.time_zone, clients.time_zone) as time_zone
from sms_users
inner join clients on clients.client_id = sms_users.client_id
left join user_profiles
    on user_profiles.client_id = sms_users.client_id
    and user_profiles.user_id = sms_users.user_id
where sms_users.client_id = $1 and sms_users.forgotten_at is null
order by sms_users.last_active_at desc, sms_users.user_id
