-- Numbers of messages come from a sequence of their own, which is logged. One that belongs to an
-- unlogged table is unlogged too, and cannot be read on a standby that has taken over ("bad magic
-- number in sequence", seen with 18.4): collectors would have nothing more to say to each other.
ALTER TABLE collector_messages ALTER message_id DROP IDENTITY;
CREATE SEQUENCE collector_message_numbers;
ALTER TABLE collector_messages ALTER message_id SET DEFAULT nextval('collector_message_numbers');
-- Who goes on counts from the beginning again.
TRUNCATE collector_messages;
