-- What the forecast knows, packed, and how far it has read the timeline: the cursor of the follower
-- `forecast` moves in the same transaction. Written every few minutes; what came after is read again.
CREATE TABLE forecast_state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  written_at_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- What was said at each full hour: the list behind the hash of the hour's journal entry.
CREATE TABLE forecast_hours (
  hour_ms INTEGER PRIMARY KEY,
  windows INTEGER NOT NULL,
  models TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
