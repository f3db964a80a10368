-- What a parent is told of this ledger (DESIGN 7): one row for each thing that is told, numbered anew in
-- the transaction that changes it. So the feed is never longer than there are things, whoever reads it
-- by a cursor of its own misses nothing, and a thing's number is its version.

-- Fed only where somebody is told; turned on, everything that is there is fed.
CREATE TABLE feed_state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  is_on INTEGER NOT NULL CHECK (is_on IN (0, 1))
) STRICT;
INSERT INTO feed_state (one, is_on) VALUES (1, 0);

-- lane 0: collectors, which are told before all that is theirs; 1: sites, nodes, checkpoints; 2: hours
-- and counts, which are many. Numbers are never given twice.
CREATE TABLE feed (
  feed_seq INTEGER PRIMARY KEY AUTOINCREMENT,
  lane INTEGER NOT NULL CHECK (lane IN (0, 1, 2)),
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  UNIQUE (kind, key)
) STRICT;
CREATE INDEX feed_lane ON feed (lane, feed_seq);

-- What no table holds: this collector itself, hours that are over and not yet sealed, counts. `body`: the
-- record as it is sent; its version is that of its row in the feed.
CREATE TABLE feed_made (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- A change is written here.
CREATE VIEW feed_changes AS SELECT lane, kind, key FROM feed;
CREATE TRIGGER feed_changed INSTEAD OF INSERT ON feed_changes
WHEN (SELECT is_on FROM feed_state) = 1
BEGIN
  DELETE FROM feed WHERE kind = NEW.kind AND key = NEW.key;
  INSERT INTO feed (lane, kind, key) VALUES (NEW.lane, NEW.kind, NEW.key);
END;

CREATE TRIGGER feed_turned_on AFTER UPDATE ON feed_state WHEN NEW.is_on = 1 AND OLD.is_on = 0
BEGIN
  INSERT INTO feed_changes (lane, kind, key) SELECT 1, 'site', code FROM sites;
  INSERT INTO feed_changes (lane, kind, key) SELECT 1, 'node', node_id FROM nodes;
  INSERT INTO feed_changes (lane, kind, key)
    SELECT 1, 'checkpoint', '' FROM (SELECT 1 FROM checkpoints LIMIT 1);
  INSERT INTO feed_changes (lane, kind, key)
    SELECT DISTINCT 2, 'hour', CAST(hour_ms AS TEXT) FROM seals ORDER BY hour_ms;
END;
CREATE TRIGGER feed_turned_off AFTER UPDATE ON feed_state WHEN NEW.is_on = 0 AND OLD.is_on = 1
BEGIN
  DELETE FROM feed;
  DELETE FROM feed_made;
END;

CREATE TRIGGER feed_made_new AFTER INSERT ON feed_made BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (CASE NEW.kind WHEN 'collector' THEN 0 ELSE 2 END, NEW.kind, NEW.key);
END;
CREATE TRIGGER feed_made_other AFTER UPDATE ON feed_made BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (CASE NEW.kind WHEN 'collector' THEN 0 ELSE 2 END, NEW.kind, NEW.key);
END;
CREATE TRIGGER feed_made_gone AFTER DELETE ON feed_made BEGIN
  DELETE FROM feed WHERE kind = OLD.kind AND key = OLD.key;
END;

-- ---- sites, with their terms and declarations ----------------------------------------------------

CREATE TRIGGER feed_site_new AFTER INSERT ON sites BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'site', NEW.code);
END;
CREATE TRIGGER feed_site_named AFTER UPDATE OF name ON sites WHEN NEW.name <> OLD.name BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'site', NEW.code);
END;
CREATE TRIGGER feed_terms_new AFTER INSERT ON site_terms BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'site', NEW.site_code);
END;
CREATE TRIGGER feed_terms_other AFTER UPDATE ON site_terms BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'site', NEW.site_code);
END;
CREATE TRIGGER feed_terms_gone AFTER DELETE ON site_terms BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'site', OLD.site_code);
END;
CREATE TRIGGER feed_declared_new AFTER INSERT ON declared BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'site', NEW.site_code);
END;
CREATE TRIGGER feed_declared_other AFTER UPDATE ON declared BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'site', NEW.site_code);
END;

-- ---- nodes, with their whole cards -----------------------------------------------------------------

CREATE TRIGGER feed_node_new AFTER INSERT ON nodes BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'node', NEW.node_id);
END;
-- Not the state of its session, which is another one at every connection.
CREATE TRIGGER feed_node_other AFTER UPDATE OF name, site_code, status ON nodes BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'node', NEW.node_id);
END;
CREATE TRIGGER feed_traits_new AFTER INSERT ON node_traits BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'node', NEW.node_id);
END;
CREATE TRIGGER feed_unit_new AFTER INSERT ON units WHEN NEW.kind = 'card' BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'node', NEW.node_id);
END;
-- Facts that say the same again change nothing.
CREATE TRIGGER feed_unit_other AFTER UPDATE ON units
WHEN (NEW.kind = 'card' OR OLD.kind = 'card') AND (NEW.kind <> OLD.kind
  OR NEW.profile_id <> OLD.profile_id OR NEW.accelerator_id <> OLD.accelerator_id
  OR NEW.node_id <> OLD.node_id OR NEW.valid_from_ms <> OLD.valid_from_ms
  OR NEW.booked_to_ms IS NOT OLD.booked_to_ms OR NEW.valid_to_reason IS NOT OLD.valid_to_reason
  OR NEW.is_counted <> OLD.is_counted OR NEW.is_in_conflict <> OLD.is_in_conflict)
BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'node', NEW.node_id);
  INSERT INTO feed_changes (lane, kind, key)
    SELECT 1, 'node', OLD.node_id WHERE OLD.node_id <> NEW.node_id;
END;
CREATE TRIGGER feed_identity_new AFTER INSERT ON identities BEGIN
  INSERT INTO feed_changes (lane, kind, key) SELECT DISTINCT 1, 'node', u.node_id FROM units u
    WHERE u.accelerator_id = NEW.accelerator_id AND u.kind = 'card';
END;
CREATE TRIGGER feed_identity_other AFTER UPDATE ON identities BEGIN
  INSERT INTO feed_changes (lane, kind, key) SELECT DISTINCT 1, 'node', u.node_id FROM units u
    WHERE u.accelerator_id IN (NEW.accelerator_id, OLD.accelerator_id) AND u.kind = 'card';
END;

CREATE INDEX identities_accelerator ON identities (accelerator_id);

-- ---- hours and the journal -----------------------------------------------------------------------

-- What was told of it before it was sealed goes with that.
CREATE TRIGGER feed_sealed AFTER INSERT ON seals BEGIN
  DELETE FROM feed_made WHERE kind = 'early' AND key > NEW.hour_ms || '/' AND key < NEW.hour_ms || '0';
  INSERT INTO feed_changes (lane, kind, key) VALUES (2, 'hour', CAST(NEW.hour_ms AS TEXT));
END;

CREATE TRIGGER feed_checkpoint_new AFTER INSERT ON checkpoints BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'checkpoint', '');
END;
CREATE TRIGGER feed_checkpoint_other AFTER UPDATE OF note ON checkpoints WHEN NEW.note <> OLD.note
BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'checkpoint', '');
END;
