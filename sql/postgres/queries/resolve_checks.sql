-- Every check holds again.
-- params: none.
update check_failures
set resolved_at = now()
where resolved_at is null
