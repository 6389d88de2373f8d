-- The newest revision of a report's period.
-- params: $1 client, $2 report, $3 period kind, $4 period start.
select revision_id, revision, content_hash, content, run_id, as_of, created_at
from report_revisions
where client_id = $1 and report = $2 and period_kind = $3 and period_start = $4::date
order by revision desc
limit 1
