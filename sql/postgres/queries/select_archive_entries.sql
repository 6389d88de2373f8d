-- The archived files of a revision.
-- params: $1 client, $2 revision id.
select format, path, byte_count, sha256
from archive_entries
where client_id = $1 and revision_id = $2
order by format
