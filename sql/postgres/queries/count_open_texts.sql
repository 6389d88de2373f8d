-- Tasks that are not ended and texts that are not settled.
-- params: $1 client.
select (
    (select count(*) from tasks where client_id = $1 and status in ('received', 'working'))
    + (
        select count(*)
        from sms_outbox
        where client_id = $1 and state in ('pending', 'sending', 'uncertain')
    )
)::integer as open
