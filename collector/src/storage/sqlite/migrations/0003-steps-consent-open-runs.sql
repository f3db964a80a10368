-- Steps of the nodes' wall clocks (C2), told by ticks; several in one tick are told in their order.
CREATE TABLE clock_steps (
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  at_ms INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  step_ms INTEGER NOT NULL,
  PRIMARY KEY (node_id, at_ms, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX clock_steps_time ON clock_steps (at_ms);

-- How many ends of the owner's consent a deposit was opened after: the next one ends it.
ALTER TABLE deposits ADD COLUMN consent_end_count INTEGER NOT NULL DEFAULT 0;

-- Open runs apart from the rest of the open row, and before it: the ledger of an instant reads those
-- of every node. A unit's array loses its number, start, code and time of record to the run's.
CREATE TABLE open_nodes_apart (
  node_id TEXT PRIMARY KEY REFERENCES nodes (node_id),
  change_seq INTEGER NOT NULL,
  timeline_end_ms INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  facts_revision INTEGER NOT NULL,
  policy TEXT,
  runs TEXT NOT NULL,
  units TEXT NOT NULL
) STRICT;
INSERT INTO open_nodes_apart
  SELECT node_id, change_seq, timeline_end_ms, epoch, boot_id, facts_revision, policy,
    -- Four numbers of unit after unit, in one array.
    (SELECT json_group_array(number) FROM (
      SELECT u.value ->> i.value AS number FROM json_each(o.units) u, json_each('[0,2,3,4]') i
      ORDER BY u.key, i.key)),
    (SELECT json_group_array(json_remove(value, '$[4]', '$[3]', '$[2]', '$[0]'))
      FROM (SELECT value FROM json_each(o.units) ORDER BY key))
  FROM open_nodes o;
DROP TABLE open_nodes;
ALTER TABLE open_nodes_apart RENAME TO open_nodes;
CREATE UNIQUE INDEX open_nodes_change ON open_nodes (change_seq);

-- Holds all that is asked of the deposits of a card at an instant.
DROP INDEX deposits_unit;
CREATE INDEX deposits_unit ON deposits (unit_id, opened_at_ms, closed_at_ms);
