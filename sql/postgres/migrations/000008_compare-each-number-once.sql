-- Several processes may compare the books with Twilio's list: each number is claimed by one of them for
-- a turn. What a claim began is done only when reconciled_at says so. And numbers that must not stand
-- somewhere have one hash, in one place.

-- Up Migration

alter table sms_numbers add column comparison_claimed_at timestamptz;
comment on column sms_numbers.comparison_claimed_at is 'When somebody last began to compare it; reconciled_at is when somebody was done.';

create function number_name(client_id text, phone text) returns bytea
    language sql stable parallel safe
    return sha256(convert_to(client_id || ' ' || phone, 'UTF8'));
comment on function number_name is 'What a number of a client''s person is called where it must not stand: its hash.';
revoke execute on function number_name(text, text) from public;
grant execute on function number_name(text, text) to daybook_app;
