-- Adds what a step changed to the receipt, and the conversations it came upon to what is left to do.
-- params: $1 client, $2 erasure, $3 table, $4 rows, $5 conversations as an array.
update erasures
set counts = counts || jsonb_build_object(
        $3::text, coalesce((counts ->> $3::text)::bigint, 0) + $4::bigint
    ),
    subject = subject || jsonb_build_object(
        'conversations',
        (
            select coalesce(jsonb_agg(distinct named.id), '[]')
            from jsonb_array_elements(subject -> 'conversations' || $5::jsonb) as named (id)
        )
    )
where client_id = $1 and erasure_id = $2
