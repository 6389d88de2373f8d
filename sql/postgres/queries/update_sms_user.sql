-- Changes a person. An upgrade begins the count anew, once in a billing month: down and up again
-- gives no more. Whoever is switched on again may be told anew when switched off.
-- params: $1 client, $2 user, $3 tier, $4 active, $5 admin, $6 executive (null leaves each), $7 month.
with change as (
    select
        sms_users.user_id,
        coalesce(
            array_position(ranks.tiers, $3) > array_position(ranks.tiers, sms_users.tier), false
        ) and coalesce(sms_users.upgraded_month, '') < $7 as begins_anew
    from sms_users
    cross join (values (array['free', 'premium', 'enterprise'])) as ranks (tiers)
    where sms_users.client_id = $1 and sms_users.user_id = $2
    for update of sms_users
)
update sms_users
set tier = coalesce($3, tier), is_active = coalesce($4, is_active),
    is_admin = coalesce($5, is_admin), is_executive = coalesce($6, is_executive),
    monthly_requests = case when change.begins_anew then 0 else monthly_requests end,
    request_month = case
        when change.begins_anew then greatest(request_month, $7) else request_month
    end,
    upgraded_month = case when change.begins_anew then $7 else upgraded_month end,
    inactive_told_at = case
        when $4 and not sms_users.is_active then null else inactive_told_at
    end
from change
where sms_users.client_id = $1 and sms_users.user_id = change.user_id
returning
    sms_users.user_id, sms_users.phone, sms_users.tier, sms_users.is_active, sms_users.is_admin,
    sms_users.is_executive, sms_users.monthly_requests, sms_users.request_month,
    change.begins_anew
