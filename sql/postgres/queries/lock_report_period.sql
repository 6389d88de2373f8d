-- One writer at a time numbers the revisions of a report's period; held until the transaction ends.
-- params: $1 client, $2 report, $3 period kind, $4 period start.
select pg_advisory_xact_lock(hashtextextended(format('%s %s %s %s', $1::text, $2::text, $3::text, $4::text), 0))
