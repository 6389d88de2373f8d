-- The identity of this server and database, and the snapshot of this transaction.
-- params: none.
select
    (select system_identifier::text from pg_control_system()) as system_identifier,
    (select oid::text from pg_database where datname = current_database()) as database_oid,
    pg_current_snapshot()::text as snapshot,
    pg_snapshot_xmin(pg_current_snapshot())::text as horizon_xid,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as as_of
