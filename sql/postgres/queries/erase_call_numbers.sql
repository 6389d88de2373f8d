-- Takes a number off calls that name it, whoever's they are.
-- params: $1 client, $2 number, $3 how many, $4 null, or the instant of the last one before.
with batch as (
    select event_id, occurred_at
    from usage_events
    where client_id = $1 and phone is not null and ($4::timestamptz is null or occurred_at >= $4)
        and regexp_replace(phone, '\D', '', 'g') = regexp_replace($2, '\D', '', 'g')
    order by occurred_at
    limit $3
    for update
),
changed as (
    update usage_events
    set phone = null, xid = pg_current_xact_id()
    from batch
    where usage_events.client_id = $1 and usage_events.event_id = batch.event_id
    returning batch.occurred_at
)
select count(*)::int as rows, max(occurred_at) as newest_at
from changed
