-- Notes an archived file; a file that is noted already stays as it is. No constraint is named: of
-- two writers at one moment the later may meet the path's, or the key's.
-- params: $1 client, $2 revision id, $3 format, $4 path, $5 bytes, $6 sha256.
insert into archive_entries (client_id, revision_id, format, path, byte_count, sha256)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
