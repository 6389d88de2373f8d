-- Takes the rows off checks that failed on a person's.
-- params: $1 what identifies the person.
update check_failures
set first_rows = '[]'
where exists (
    select from unnest($1::text[]) as identifier (words)
    where position(lower(words) in lower(first_rows::text)) > 0
)
returning check_name
