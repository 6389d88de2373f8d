-- Freezes a content as the next revision of its report's period.
-- params: $1 client, $2 revision id, $3 report, $4 period kind, $5 period start, $6 period key,
-- $7 revision, $8 content hash, $9 content, $10 run, $11 as of, $12 now.
insert into report_revisions (
    client_id, revision_id, report, period_kind, period_start, period_key,
    revision, content_hash, content, run_id, as_of, created_at
)
values ($1, $2, $3, $4, $5::date, $6, $7, $8, $9, $10, $11, $12)
returning revision_id, revision, content_hash, content, run_id, as_of, created_at
