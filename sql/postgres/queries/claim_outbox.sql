-- Takes the oldest text that is due, of a pair that has no earlier one under way.
-- params: $1 client, $2 now, $3 end of the lease, $4 our numbers that may not send now.
-- why: a listing cannot tell two like texts of a pair apart, so the second waits until it is known
-- what became of the first.
update sms_outbox
set state = 'sending', attempts = attempts + 1, fence = fence + 1, claimed_at = $2, due_at = $3
where client_id = $1 and outbox_id = (
    select waiting.outbox_id
    from sms_outbox as waiting
    where waiting.client_id = $1 and waiting.state = 'pending' and waiting.due_at <= $2
        and waiting.from_number <> all ($4::text[])
        and not exists (
            select 1
            from sms_outbox as earlier
            where earlier.client_id = $1 and earlier.to_number = waiting.to_number
                and earlier.from_number = waiting.from_number and earlier.place < waiting.place
                and (
                    earlier.state in ('pending', 'sending')
                    or (earlier.state = 'uncertain' and earlier.body = waiting.body)
                )
        )
    order by waiting.place
    limit 1
    for update skip locked
)
returning
    outbox_id, task_id, user_id, kind, from_number, to_number, body, segments, despite_stop,
    attempts, fence, created_at
