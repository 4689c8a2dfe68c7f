-- Presence is told who may see whom has changed, like everything through the outbox.

ALTER TABLE friends.outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE friends.outbox ADD CONSTRAINT outbox_kind_check
    CHECK (kind IN ('user_event', 'pair', 'read_receipts', 'recompute', 'visibility'));
