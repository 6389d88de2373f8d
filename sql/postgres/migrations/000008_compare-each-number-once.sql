-- Several processes may compare the books with Twilio's list: each number is claimed by one of them for
-- a turn. What a claim began is done only when reconciled_at says so.

-- Up Migration

alter table sms_numbers add column comparison_claimed_at timestamptz;
comment on column sms_numbers.comparison_claimed_at is 'When somebody last began to compare it; reconciled_at is when somebody was done.';
