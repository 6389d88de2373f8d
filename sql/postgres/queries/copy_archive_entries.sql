-- What the archive holds, a line for each file.
-- params: none.
select sha256, byte_count, path
from archive_entries
order by path
