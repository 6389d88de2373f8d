-- Takes the next number that nobody has begun to compare with Twilio's list since then.
-- params: $1 client, $2 now, $3 since when, $4 the number taken before it, or ''.
update sms_numbers
set comparison_claimed_at = $2
where client_id = $1 and phone = (
    select phone
    from sms_numbers
    where client_id = $1 and phone > $4
        and (comparison_claimed_at is null or comparison_claimed_at <= $3)
    order by phone
    limit 1
    for update skip locked
)
returning phone, created_at
