-- Processes that serve this ledger side by side. Each says again and again that it is there; the
-- others look whether it still does.
CREATE TABLE collectors (
  instance text COLLATE "C" PRIMARY KEY,
  -- Where it is found, for people.
  name text COLLATE "C" NOT NULL,
  beat bigint NOT NULL
);

-- The one of them that leads: bank, roller and sequencer are in it. NULL: nobody does, or a process
-- that is alone.
ALTER TABLE serving ADD COLUMN instance text COLLATE "C";

-- When the node of an open session was last heard, by the clock of the database, for those that it
-- is not connected to. Lost with a crash of the database, and told again within seconds.
CREATE UNLOGGED TABLE heard (
  node_id text COLLATE "C" PRIMARY KEY,
  generation bigint NOT NULL,
  heard_at_ms bigint NOT NULL,
  noted_at_ms bigint NOT NULL
);

-- What these processes say to each other; gone when it is read, and with a crash of the database.
-- Whoever waits for an answer waits for a bounded time.
CREATE UNLOGGED TABLE collector_messages (
  message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  receiver text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX collector_messages_of ON collector_messages (receiver, message_id);
