-- A parent of a nation holds millions of cards of its children, and hours and counts of thousands
-- of sites: what is looked up for each of them has a short index, and nothing looks through all of
-- them.

-- Ids by their first characters only: the whole id stands at the card, where it is compared. An
-- entry is a quarter as long, and is found by the card's own ids when it goes.
ALTER TABLE child_identities RENAME TO child_identities_long;
ALTER TABLE child_identities_long RENAME CONSTRAINT child_identities_pkey
  TO child_identities_long_pkey;
CREATE TABLE child_identities (
  hash_start text COLLATE "C" NOT NULL,
  collector_number bigint NOT NULL,
  unit_number bigint NOT NULL,
  PRIMARY KEY (hash_start, collector_number, unit_number)
);
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
ALTER TABLE child_nodes ADD COLUMN cards bigint NOT NULL DEFAULT 0;
-- What its ledger has told of a node is what it was: it is not told on anew.
ALTER TABLE child_nodes DISABLE TRIGGER USER;
UPDATE child_nodes n SET cards = (SELECT count(*) FROM child_cards c
  WHERE c.collector_number = n.collector_number AND c.node_id = n.node_id
    AND c.is_counted AND c.booked_to_ms IS NULL);
ALTER TABLE child_nodes ENABLE TRIGGER USER;
DROP INDEX child_nodes_site;
CREATE INDEX child_nodes_site ON child_nodes (site_code, collector_number, is_revoked, cards);

-- The first and the last hour of a site; the latest step of a site by its version.
CREATE INDEX child_hours_site ON child_hours (collector_number, site_code, hour_ms);
DROP INDEX child_counts_time;
CREATE INDEX child_counts_version ON child_counts
  (site_code, collector_number, generation, number);
