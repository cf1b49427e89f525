-- name: read_account_by_email
-- The account that signs in with this address.
select user_id, email, password_hash, is_admin from {schema}.accounts where lower(email) = lower($1)

-- name: save_address
-- The address an employee signs in with, or none; another one ends the sessions and the password, which only an administrator with
-- an address keeps.
with ended as (
    delete from {schema}.sessions s using {schema}.accounts a
    where s.user_id = $1 and a.user_id = $1 and lower(a.email) is distinct from lower($2)
)
insert into {schema}.accounts as a (user_id, email) values ($1, $2)
on conflict (user_id) do update set email = excluded.email,
    password_hash = case when lower(a.email) = lower(excluded.email) or (a.is_admin and excluded.email is not null)
        then a.password_hash end

-- name: save_role
-- Whether an employee is an administrator.
insert into {schema}.accounts (user_id, is_admin) values ($1, $2)
on conflict (user_id) do update set is_admin = excluded.is_admin

-- name: set_password
-- A new password; no row where nobody signs in. `end_sessions` comes next, in the same transaction.
update {schema}.accounts set password_hash = $2 where user_id = $1 and email is not null returning user_id

-- name: end_sessions
-- Ends all sessions of an account; who remembers them is told at commit.
with ended as (delete from {schema}.sessions where user_id = $1)
select pg_notify('obmen_access', 'user ' || $1::bigint)

-- name: remove_account
-- Ends the access of an employee.
delete from {schema}.accounts where user_id = $1

-- name: create_session
-- A session until $4 for who was right by password hash $3, which must hold still; no row where it does not. Sessions past their end are
-- removed along the way.
with swept as (delete from {schema}.sessions where expires_at < now() and basic_nonce is null)
insert into {schema}.sessions (token_hash, user_id, expires_at)
select $1, user_id, $4 from {schema}.accounts where user_id = $2 and password_hash = $3 for share
returning user_id

-- name: read_basic_session
-- The nonce of the session that Basic sign-ins of account $1 share, where it lasts until $2.
select basic_nonce from {schema}.sessions where user_id = $1 and basic_nonce is not null and expires_at > $2

-- name: open_basic_session
-- Makes that session with nonce $5, or moves its end to $4; its nonce, or no row, as above.
insert into {schema}.sessions as s (token_hash, user_id, basic_nonce, expires_at)
select $1, user_id, $5, $4 from {schema}.accounts where user_id = $2 and password_hash = $3 for share
on conflict (user_id) where basic_nonce is not null do update set expires_at = excluded.expires_at,
    token_hash = case when s.expires_at > now() then s.token_hash else excluded.token_hash end,
    basic_nonce = case when s.expires_at > now() then s.basic_nonce else excluded.basic_nonce end
returning basic_nonce

-- name: read_session
-- Who a session belongs to, while it lasts.
select a.user_id, a.email, a.is_admin, s.expires_at
from {schema}.sessions s join {schema}.accounts a on a.user_id = s.user_id
where s.token_hash = $1 and s.expires_at > now()

-- name: prolong_session
-- Moves a session's end.
update {schema}.sessions set expires_at = $2 where token_hash = $1

-- name: end_session
-- Ends a session; no row where there was none. Other processes forget it at commit.
with ended as (delete from {schema}.sessions where token_hash = $1 returning token_hash)
select pg_notify('obmen_access', encode(token_hash, 'hex')) from ended

-- name: count_administrators
-- How many may do everything and can sign in.
select count(*) from {schema}.accounts where is_admin and email is not null and password_hash is not null

-- name: lock_administrators
-- Keeps two changes from each counting on the other's administrator.
select user_id from {schema}.accounts where is_admin order by user_id for update

-- name: notify_access
-- What is remembered of the sign-ins of account $1 is forgotten at commit.
select pg_notify('obmen_access', 'user ' || $1::bigint)

-- name: read_attempts
-- Failed sign-ins of the last $3 seconds from address $1, and of account $2 from there; the seconds until the latter are forgotten; when
-- the password was last right, in the last $4 days.
select coalesce(sum(failures) filter (where is_recent), 0)::integer as of_address,
    coalesce(sum(failures) filter (where is_recent and account = $2), 0)::integer as of_both,
    coalesce(ceil(max(left_s) filter (where is_recent and account = $2)), 0)::integer as seconds,
    max(right_at) filter (where account = $2 and right_at > now() - make_interval(days => $4)) as right_at
from (
    select account, failures, right_at, since > now() - make_interval(secs => $3) as is_recent,
        $3 - extract(epoch from now() - since)::float8 as left_s
    from {schema}.sign_in_attempts where address = $1
) a

-- name: count_failed_attempt
-- One more failed sign-in of account $2 from address $1; a window lasts $3 seconds.
insert into {schema}.sign_in_attempts as a (address, account, failures) values ($1, $2, 1)
on conflict (address, account) do update set
    failures = case when a.since > now() - make_interval(secs => $3) then a.failures else 0 end + 1,
    since = case when a.since > now() - make_interval(secs => $3) then a.since else now() end

-- name: save_right_attempt
-- The password of account $2 was right from address $1.
insert into {schema}.sign_in_attempts (address, account, failures, right_at) values ($1, $2, 0, now())
on conflict (address, account) do update set right_at = excluded.right_at

-- name: sweep_attempts
-- Removes what no sign-in asks for any more: failures older than $1 seconds, addresses not used for $2 days.
delete from {schema}.sign_in_attempts
where since < now() - make_interval(secs => $1) and coalesce(right_at < now() - make_interval(days => $2), true)
