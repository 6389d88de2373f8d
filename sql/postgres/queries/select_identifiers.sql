-- What is known of a person beside the id: his numbers, and what he told about himself. A number on
-- his calls is his own if no other user's call bears it and it is none of ours; a tag, if no call but
-- his bears it.
-- params: $1 client, $2 user.
select
    array(
        select phone
        from sms_users
        where client_id = $1 and user_id = $2 and phone is not null
        union
        select calls.phone
        from usage_events as calls
        where calls.client_id = $1 and calls.user_id = $2 and calls.phone is not null
            and not exists (
                select from usage_events as others
                where others.client_id = $1 and others.phone = calls.phone
                    and others.user_id <> $2
            )
            and calls.phone not in (select sms_numbers.phone from sms_numbers)
    ) as phones,
    array(
        select unnest(array[email, full_name])
        from user_profiles
        where client_id = $1 and user_id = $2
    ) as names,
    array(
        select own.tag
        from (
            select distinct unnest(tags) as tag
            from usage_events
            where client_id = $1 and user_id = $2
        ) as own
        where not exists (
            select from usage_events as others
            where others.client_id = $1 and others.user_id is distinct from $2
                and others.tags @> array[own.tag]
        )
    ) as tags
