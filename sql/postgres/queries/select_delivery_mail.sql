-- What a mail is made from: the frozen content and the recipient's address, unless removed.
-- params: $1 client, $2 revision id, $3 recipient.
select
    report_revisions.content, report_revisions.revision, report_revisions.run_id,
    report_revisions.as_of, report_revisions.created_at, recipients.email, recipients.removed_at
from report_revisions
inner join recipients on recipients.client_id = report_revisions.client_id
where report_revisions.client_id = $1 and revision_id = $2 and recipient_id = $3
