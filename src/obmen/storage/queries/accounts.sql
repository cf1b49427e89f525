-- name: read_account_by_email
-- The account that signs in with this address.
select user_id, email, password_hash, is_admin from {schema}.accounts where lower(email) = lower($1)

-- name: save_account
-- Makes the account of an employee, or changes its address; a new address ends the sessions and, but for an administrator,
-- loses the password.
with ended as (
    delete from {schema}.sessions s using {schema}.accounts a
    where s.user_id = $1 and a.user_id = $1 and lower(a.email) <> lower($2)
)
insert into {schema}.accounts (user_id, email) values ($1, $2)
on conflict (user_id) do update set email = excluded.email,
    password_hash = case when {schema}.accounts.is_admin or lower({schema}.accounts.email) = lower(excluded.email)
        then {schema}.accounts.password_hash end

-- name: set_password
-- A new password (and whether the employee is an administrator); all sessions end.
with ended as (delete from {schema}.sessions where user_id = $1)
update {schema}.accounts set password_hash = $2, is_admin = is_admin or $3 where user_id = $1

-- name: remove_account
-- Ends the access of an employee.
delete from {schema}.accounts where user_id = $1

-- name: create_session
-- A session until $3; sessions past their end are swept along the way.
with swept as (delete from {schema}.sessions where expires_at < now() and user_id = $2)
insert into {schema}.sessions (token_hash, user_id, expires_at) values ($1, $2, $3)
on conflict (token_hash) do update set expires_at = excluded.expires_at

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
select count(*) from {schema}.accounts where is_admin and password_hash is not null

-- name: lock_administrators
-- Keeps two removals from each counting on the other's administrator.
select user_id from {schema}.accounts where is_admin order by user_id for update

-- name: notify_access
-- Caches of sign-ins are dropped at commit.
select pg_notify('obmen_access', '')
