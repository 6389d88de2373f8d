-- What became of a text that was taken, unless somebody else took it since.
-- params: $1 client, $2 outbox id, $3 fence, $4 state, $5 due at, $6 error code, $7 error, $8 now,
-- $9 the day whose cap still counts it, or null, $10 whether it was an attempt.
update sms_outbox
set state = $4, due_at = $5, error_code = $6, error_message = $7, reserved_on = $9,
    attempts = attempts - case when $10 then 0 else 1 end,
    settled_at = case when $4 in ('pending', 'sending', 'uncertain') then null else $8::timestamptz end
where client_id = $1 and outbox_id = $2 and fence = $3 and state in ('sending', 'uncertain')
returning outbox_id
