-- Every archived file of every client, to be compared with the folder.
-- params: none.
select format, path, byte_count, sha256
from archive_entries
order by path
