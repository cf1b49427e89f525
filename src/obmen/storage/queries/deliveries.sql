-- name: notify_webhooks
-- Workers read the subscriptions again at commit.
select pg_notify('obmen_webhooks', '')

-- name: drop_deliveries
-- Ends all deliveries of a removed webhook that are still to be made.
update {schema}.deliveries set status = 'dropped', due_at = null, finished_at = now()
where webhook_id = $1 and finished_at is null
