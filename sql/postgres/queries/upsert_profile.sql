-- What is known of a person besides the calls; null leaves what is.
-- params: $1 client, $2 user, $3 email, $4 full name, $5 locale, $6 time zone.
insert into user_profiles (client_id, user_id, email, full_name, locale, time_zone)
values ($1, $2, $3, $4, $5, $6)
on conflict (client_id, user_id) do update
set email = coalesce(excluded.email, user_profiles.email),
    full_name = coalesce(excluded.full_name, user_profiles.full_name),
    locale = coalesce(excluded.locale, user_profiles.locale),
    time_zone = coalesce(excluded.time_zone, user_profiles.time_zone)
