-- A parent of a nation holds millions of cards of its children, and hours and counts of thousands of
-- sites: what is looked up for each of them has a short index, and nothing looks through all of them.

-- Ids by their first characters only: the whole id stands at the card, where it is compared. An entry is
-- a quarter as long, and is found by the card's own ids when it goes.
DROP INDEX child_identities_card;
ALTER TABLE child_identities RENAME TO child_identities_long;
CREATE TABLE child_identities (
  hash_start TEXT NOT NULL,
  collector_number INTEGER NOT NULL,
  unit_number INTEGER NOT NULL,
  PRIMARY KEY (hash_start, collector_number, unit_number)
) STRICT, WITHOUT ROWID;
INSERT INTO child_identities (hash_start, collector_number, unit_number)
  SELECT DISTINCT substr(hash, 1, 12), collector_number, unit_number FROM child_identities_long;
DROP TABLE child_identities_long;

-- How many cards of a site were valid in an hour, or were known at an instant, the index tells alone.
DROP INDEX child_cards_from;
DROP INDEX child_cards_site;
CREATE INDEX child_cards_site ON child_cards
  (site_code, collector_number, is_counted, valid_from_ms, booked_to_ms, profile_id,
    known_from_ms);

-- Cards that count and stand in the node now.
ALTER TABLE child_nodes ADD COLUMN cards INTEGER NOT NULL DEFAULT 0;
-- What its ledger has told of a node is what it was: it is not told on anew.
DROP TRIGGER feed_child_node_other;
UPDATE child_nodes SET cards = (SELECT count(*) FROM child_cards c INDEXED BY child_cards_node
  WHERE c.collector_number = child_nodes.collector_number AND c.node_id = child_nodes.node_id
    AND c.is_counted = 1 AND c.booked_to_ms IS NULL);
CREATE TRIGGER feed_child_node_other AFTER UPDATE ON child_nodes BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (1, 'child_node', NEW.collector_number || '/' || NEW.node_id);
END;
DROP INDEX child_nodes_site;
CREATE INDEX child_nodes_site ON child_nodes (site_code, collector_number, is_revoked, cards);

-- The first and the last hour of a site; the latest step of a site by its version.
CREATE INDEX child_hours_site ON child_hours (collector_number, site_code, hour_ms);
DROP INDEX child_counts_time;
CREATE INDEX child_counts_version ON child_counts
  (site_code, collector_number, generation, number);
