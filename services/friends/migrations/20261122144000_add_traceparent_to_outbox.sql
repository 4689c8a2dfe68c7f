-- The W3C trace context of the change, so that its delivery goes on in the same trace; absent when that is not collected.
ALTER TABLE friends.outbox ADD COLUMN traceparent text;
