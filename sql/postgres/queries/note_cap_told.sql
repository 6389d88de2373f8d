-- Notes that a person is told of a cap of the model's cost; no row where the day has had its text.
-- params: $1 client, $2 user, $3 day.
update sms_users set model_cap_told_on = $3
where client_id = $1 and user_id = $2 and model_cap_told_on is distinct from $3::date
returning user_id
