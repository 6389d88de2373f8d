-- A job, unless there is one of that name already.
-- params: $1 job, $2 client or null, $3 kind, $4 params, $5 cron or null, $6 policy,
-- $7 now: no slot before it comes.
insert into jobs (job, client_id, kind, params, cron, policy, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (job, client_id) do nothing
returning job
