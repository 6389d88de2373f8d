-- One delivery per recipient of the period kind who has none for this revision yet.
-- params: $1 client, $2 revision id, $3 mail domain, $4 now.
-- why: the id is the same at every attempt, and readable in the outbox.
insert into deliveries (client_id, revision_id, recipient_id, state, message_id, next_attempt_at)
select
    revisions.client_id, revisions.revision_id, recipients.recipient_id, 'pending',
    format(
        '<%s.%s.r%s.%s.%s.%s@%s>', revisions.report, revisions.period_key, revisions.revision,
        revisions.client_id, recipients.recipient_id, left(revisions.revision_id::text, 8), $3::text
    ),
    $4
from report_revisions as revisions
inner join recipients on recipients.client_id = revisions.client_id
where revisions.client_id = $1 and revisions.revision_id = $2
    and recipients.removed_at is null and revisions.period_kind = any (recipients.period_kinds)
order by recipients.recipient_id
on conflict (client_id, revision_id, recipient_id) do nothing
returning recipient_id
