-- How many mails a run has queued: what a run that was taken over must not queue again.
-- params: $1 client, $2 run.
select count(*)::int as mails
from deliveries
inner join report_revisions as revisions
    on revisions.client_id = deliveries.client_id
    and revisions.revision_id = deliveries.revision_id
where deliveries.client_id = $1 and revisions.run_id = $2
