-- What decides how a task is answered: the text, its sender, and what was last sent to him.
-- params: $1 client, $2 sid, $3 user.
-- why: the sender's row is locked, so that of two tasks one is decided after the other.
select
    sms_messages.body, sms_messages.media, sms_messages.from_number, sms_users.phone,
    sms_users.tier, sms_users.is_active, sms_users.is_admin, sms_users.is_executive,
    sms_users.monthly_requests, sms_users.request_month, sms_users.limit_told_on::text,
    sms_users.inactive_told_at, sms_users.welcomed_at, sms_users.forgotten_at,
    clients.name as client_name, clients.time_zone as client_time_zone, clients.locale,
    clients.currency, clients.week_start, user_profiles.time_zone as user_time_zone,
    (
        select sms_outbox.body
        from sms_outbox
        where sms_outbox.client_id = $1 and sms_outbox.to_number = sms_messages.from_number
            and sms_outbox.from_number = sms_messages.to_number and sms_outbox.state = 'sent'
        order by sms_outbox.place desc
        limit 1
    ) as last_sent,
    exists (
        select 1 from sms_consents
        where sms_consents.client_id = $1 and sms_consents.phone = sms_messages.from_number
            and sms_consents.message_sid = $2 and act = 'start'
    ) as has_opted_in,
    coalesce(
        (
            select earlier.act = 'stop'
            from sms_consents as stopping
            inner join sms_consents as earlier
                on earlier.client_id = $1 and earlier.phone = stopping.phone
                and earlier.consent_id < stopping.consent_id and earlier.act in ('stop', 'start')
            where stopping.client_id = $1 and stopping.phone = sms_messages.from_number
                and stopping.message_sid = $2 and stopping.act = 'stop'
            order by earlier.consent_id desc
            limit 1
        ),
        false
    ) as had_opted_out
from sms_messages
inner join sms_users
    on sms_users.client_id = sms_messages.client_id and sms_users.user_id = sms_messages.user_id
inner join clients on clients.client_id = sms_messages.client_id
left join user_profiles
    on user_profiles.client_id = sms_messages.client_id
    and user_profiles.user_id = sms_messages.user_id
where sms_messages.client_id = $1 and sms_messages.message_sid = $2
    and sms_messages.user_id = $3
for update of sms_users
