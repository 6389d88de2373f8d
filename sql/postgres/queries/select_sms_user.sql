-- One person by pseudonym or number, and the zone that his months are counted in.
-- params: $1 client, $2 user or number.
-- why: the row is locked, so that what is decided from it is still true when it is written.
select
    sms_users.user_id, coalesce(user_profiles.time_zone, clients.time_zone) as time_zone
from sms_users
inner join clients on clients.client_id = sms_users.client_id
left join user_profiles
    on user_profiles.client_id = sms_users.client_id
    and user_profiles.user_id = sms_users.user_id
where sms_users.client_id = $1 and (sms_users.user_id = $2 or sms_users.phone = $2)
    and sms_users.forgotten_at is null
for update of sms_users
