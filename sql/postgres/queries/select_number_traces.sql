-- Whether a number stands anywhere, for somebody who has no user.
-- params: $1 client, $2 number.
select
    exists (select from sms_numbers where phone = $2) as is_ours,
    exists (
        select from sms_messages
        where client_id = $1 and (from_number = $2 or to_number = $2)
    )
    or exists (select from sms_suppressions where client_id = $1 and phone = $2)
    or exists (select from sms_consents where client_id = $1 and phone = $2)
    or exists (
        select from usage_events
        where client_id = $1 and phone is not null
            and regexp_replace(phone, '\D', '', 'g') = regexp_replace($2, '\D', '', 'g')
    ) as is_known
