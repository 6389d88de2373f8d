-- What a person has been told, so that it is told once.
-- params: $1 client, $2 user, $3 welcomed at, $4 limit told on, $5 inactive told at; null leaves one.
update sms_users
set welcomed_at = coalesce(welcomed_at, $3), limit_told_on = coalesce($4, limit_told_on),
    inactive_told_at = coalesce(inactive_told_at, $5)
where client_id = $1 and user_id = $2
