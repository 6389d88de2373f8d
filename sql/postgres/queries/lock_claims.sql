-- Claims follow one another, so that each sees what the one before took; held until the
-- transaction ends. The row decides; without this, two slots of a job could run at once.
select pg_advisory_xact_lock(7316205)
