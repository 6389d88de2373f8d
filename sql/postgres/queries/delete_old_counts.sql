-- Counts of numbers are of no use once their month is over everywhere.
-- params: $1 client, $2 now.
-- why: who was switched off stays so, however long ago he was forgotten.
with spend as (
    delete from sms_spend
    where client_id = $1 and scope in ('number', 'model-number')
        and spent_on < ($2::timestamptz - interval '32 days')::date
)
delete from sms_forgotten
where client_id = $1 and is_active and forgotten_at < $2::timestamptz - interval '32 days'
