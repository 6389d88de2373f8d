-- The receipts, the newest first.
-- params: $1 client or null for all.
select client_id, erasure_id, pseudonym, asked_by, asked_at, finished_at, counts
from erasures
where $1::text is null or client_id = $1
order by asked_at desc, erasure_id
