-- Begins the erasure of a person, or finds the one that was begun and did not end.
-- params: $1 client, $2 erasure id, $3 pseudonym, $4 who asks, $5 now, $6 whom it is about.
insert into erasures (client_id, erasure_id, pseudonym, asked_by, asked_at, subject)
values ($1, $2, $3, $4, $5, $6)
on conflict (client_id, (subject ->> 'name')) where subject is not null
do update set asked_by = erasures.asked_by
returning erasure_id, pseudonym, asked_by, asked_at, counts, subject
