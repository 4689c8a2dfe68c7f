-- Who hides what they read is not told what others read: asked at each position that is written, so the few must be quick to find.
CREATE INDEX users_hiding_receipts ON chat.users (user_id) WHERE NOT read_receipts;
