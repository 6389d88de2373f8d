-- Takes the id of a person off what tells copies of deletions.
-- params: $1 client, $2 user.
-- why: every warehouse is made anew after an erasure, so that none needs to be told.
delete from tombstones
where client_id = $1 and table_name = 'users' and key = array[$2]
