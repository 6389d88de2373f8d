-- Users that were named or changed since the last copy, without name and number; daybook.copy_from
-- is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select
    users.client_id, users.user_id, users.first_seen_at, sms_users.tier, sms_users.is_active
from users
left join sms_users
    on sms_users.client_id = users.client_id and sms_users.user_id = users.user_id
where users.xid >= current_setting('daybook.copy_from')::xid8
    or sms_users.xid >= current_setting('daybook.copy_from')::xid8
