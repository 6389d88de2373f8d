-- Ends an erasure: the receipt names nobody from now on.
-- params: $1 client, $2 erasure, $3 now.
update erasures
set finished_at = $3, subject = null
where client_id = $1 and erasure_id = $2
returning counts
