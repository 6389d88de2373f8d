-- How long ago an instant of this server's clock was.
-- params: $1 instant.
select greatest(0, floor(extract(epoch from clock_timestamp() - $1::timestamptz) * 1000))::bigint
    as age_ms
