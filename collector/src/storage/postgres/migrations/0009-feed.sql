-- What a parent is told of this ledger and of those below it (DESIGN 7): one row for each thing
-- that is told, numbered anew in the transaction that changes it. So the feed is never longer than
-- there are things, whoever reads it by a cursor of its own misses nothing, and a thing's number is
-- its version.

-- Fed only where somebody is told; turned on, everything that is there is fed.
CREATE TABLE feed_state (
  one bigint PRIMARY KEY CHECK (one = 1),
  is_on boolean NOT NULL
);
INSERT INTO feed_state (one, is_on) VALUES (1, false);

-- lane 0: collectors, which are told before all that is theirs; 1: sites, nodes, checkpoints; 2:
-- hours and counts, which are many. feed_seq NULL: changed by a transaction that has not been
-- numbered yet, which nobody else sees; numbers are never given twice.
CREATE TABLE feed (
  feed_seq bigint UNIQUE,
  lane bigint NOT NULL CHECK (lane IN (0, 1, 2)),
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  PRIMARY KEY (kind, key)
);
CREATE INDEX feed_lane ON feed (lane, feed_seq);
CREATE INDEX feed_unnumbered ON feed (kind, key) WHERE feed_seq IS NULL;
ALTER TABLE numbers ADD COLUMN feed_seq bigint NOT NULL DEFAULT 0;

-- What no table holds: this collector itself, hours that are over and not yet sealed, counts.
-- `body`: the record as it is sent; its version is that of its row in the feed.
CREATE TABLE feed_made (
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (kind, key)
);

CREATE FUNCTION feed_change(told_lane bigint, told_kind text, told_key text) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO feed (feed_seq, lane, kind, key)
  SELECT NULL, told_lane, told_kind, told_key FROM feed_state WHERE is_on
  ON CONFLICT (kind, key) DO UPDATE SET feed_seq = NULL, lane = excluded.lane;
$$;

-- Of a row, under the values of the columns that are named behind lane and kind.
CREATE FUNCTION feed_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed jsonb;
  told_key text := '';
BEGIN
  IF NOT (SELECT is_on FROM feed_state) THEN RETURN NULL; END IF;
  changed := CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
  FOR at IN 2 .. TG_NARGS - 1 LOOP
    told_key := told_key || CASE at WHEN 2 THEN '' ELSE '/' END || (changed ->> TG_ARGV[at]);
  END LOOP;
  PERFORM feed_change(TG_ARGV[0]::bigint, TG_ARGV[1], told_key);
  RETURN NULL;
END $$;

CREATE FUNCTION feed_turned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT NEW.is_on THEN
    DELETE FROM feed;
    DELETE FROM feed_made;
    RETURN NULL;
  END IF;
  PERFORM feed_change(1, 'site', code) FROM sites;
  PERFORM feed_change(1, 'node', node_id) FROM nodes;
  PERFORM feed_change(1, 'checkpoint', '') FROM (SELECT 1 FROM checkpoints LIMIT 1) signed;
  PERFORM feed_change(2, 'hour', hour_ms::text) FROM (SELECT DISTINCT hour_ms FROM seals) sealed;
  PERFORM feed_change(0, 'child_collector', collector_number::text) FROM child_collectors;
  PERFORM feed_change(1, 'child_site', collector_number || '/' || site_code) FROM child_sites;
  PERFORM feed_change(1, 'child_node', collector_number || '/' || node_id) FROM child_nodes;
  PERFORM feed_change(1, 'child_checkpoint', collector_number::text) FROM child_checkpoints;
  PERFORM feed_change(2, 'child_hour', hour_ms || '/' || collector_number || '/' || site_code)
    FROM child_hours;
  PERFORM feed_change(2, 'child_counts', collector_number || '/' || site_code)
    FROM (SELECT DISTINCT collector_number, site_code FROM child_counts) told;
  RETURN NULL;
END $$;
CREATE TRIGGER feed_turned AFTER UPDATE ON feed_state FOR EACH ROW WHEN (NEW.is_on <> OLD.is_on)
EXECUTE FUNCTION feed_turned();

CREATE FUNCTION feed_made_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM feed WHERE kind = OLD.kind AND key = OLD.key;
  ELSE
    PERFORM feed_change(CASE NEW.kind WHEN 'collector' THEN 0 ELSE 2 END, NEW.kind, NEW.key);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER feed_made_changed AFTER INSERT OR UPDATE OR DELETE ON feed_made FOR EACH ROW
EXECUTE FUNCTION feed_made_changed();

-- ---- sites, with their terms and declarations ---------------------------------------------------

CREATE TRIGGER feed_site_new AFTER INSERT ON sites FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'site', 'code');
CREATE TRIGGER feed_site_named AFTER UPDATE OF name ON sites FOR EACH ROW
WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION feed_row('1', 'site', 'code');
CREATE TRIGGER feed_terms AFTER INSERT OR UPDATE OR DELETE ON site_terms FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'site', 'site_code');
CREATE TRIGGER feed_declared AFTER INSERT OR UPDATE ON declared FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'site', 'site_code');

-- ---- nodes, with their whole cards --------------------------------------------------------------

CREATE TRIGGER feed_node_new AFTER INSERT ON nodes FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'node', 'node_id');
-- Not the state of its session, which is another one at every connection.
CREATE TRIGGER feed_node_other AFTER UPDATE OF name, site_code, status ON nodes FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'node', 'node_id');
CREATE TRIGGER feed_traits_new AFTER INSERT ON node_traits FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'node', 'node_id');
CREATE TRIGGER feed_unit_new AFTER INSERT ON units FOR EACH ROW WHEN (NEW.kind = 'card')
EXECUTE FUNCTION feed_row('1', 'node', 'node_id');
-- Facts that say the same again change nothing. A placement keeps its node.
CREATE TRIGGER feed_unit_other AFTER UPDATE ON units FOR EACH ROW
WHEN ((NEW.kind = 'card' OR OLD.kind = 'card') AND (NEW.kind <> OLD.kind
  OR NEW.profile_id <> OLD.profile_id OR NEW.accelerator_id <> OLD.accelerator_id
  OR NEW.valid_from_ms <> OLD.valid_from_ms
  OR NEW.booked_to_ms IS DISTINCT FROM OLD.booked_to_ms
  OR NEW.valid_to_reason IS DISTINCT FROM OLD.valid_to_reason
  OR NEW.is_counted <> OLD.is_counted OR NEW.is_in_conflict <> OLD.is_in_conflict))
EXECUTE FUNCTION feed_row('1', 'node', 'node_id');

CREATE INDEX identities_accelerator ON identities (accelerator_id);
CREATE FUNCTION feed_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM feed_change(1, 'node', node_id) FROM (SELECT DISTINCT u.node_id FROM units u
    WHERE u.kind = 'card' AND (u.accelerator_id = NEW.accelerator_id
      OR TG_OP = 'UPDATE' AND u.accelerator_id = OLD.accelerator_id)) shown;
  RETURN NULL;
END $$;
CREATE TRIGGER feed_identity AFTER INSERT OR UPDATE ON identities FOR EACH ROW
EXECUTE FUNCTION feed_identity();

-- ---- hours and the journal ----------------------------------------------------------------------

-- What was told of it before it was sealed goes with that.
CREATE FUNCTION feed_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM feed_made
    WHERE kind = 'early' AND key > NEW.hour_ms || '/' AND key < NEW.hour_ms || '0';
  PERFORM feed_change(2, 'hour', NEW.hour_ms::text);
  RETURN NULL;
END $$;
CREATE TRIGGER feed_sealed AFTER INSERT ON seals FOR EACH ROW EXECUTE FUNCTION feed_sealed();

CREATE FUNCTION feed_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM feed_change(1, 'checkpoint', '');
  RETURN NULL;
END $$;
CREATE TRIGGER feed_checkpoint_new AFTER INSERT ON checkpoints FOR EACH ROW
EXECUTE FUNCTION feed_checkpoint();
CREATE TRIGGER feed_checkpoint_other AFTER UPDATE OF note ON checkpoints FOR EACH ROW
WHEN (NEW.note <> OLD.note) EXECUTE FUNCTION feed_checkpoint();

-- ---- what children have told, which is passed on as it is ---------------------------------------

CREATE TRIGGER feed_child_collector AFTER INSERT OR UPDATE ON child_collectors FOR EACH ROW
EXECUTE FUNCTION feed_row('0', 'child_collector', 'collector_number');
-- Whether it is heard here is told with it.
CREATE TRIGGER feed_child_silence AFTER INSERT OR UPDATE ON child_silences FOR EACH ROW
EXECUTE FUNCTION feed_row('0', 'child_collector', 'collector_number');
CREATE TRIGGER feed_child_site AFTER INSERT OR UPDATE ON child_sites FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'child_site', 'collector_number', 'site_code');
-- Each report of a node writes its row, with its cards in the same transaction.
CREATE TRIGGER feed_child_node AFTER INSERT OR UPDATE ON child_nodes FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'child_node', 'collector_number', 'node_id');
CREATE TRIGGER feed_child_hour AFTER INSERT OR UPDATE ON child_hours FOR EACH ROW
EXECUTE FUNCTION feed_row('2', 'child_hour', 'hour_ms', 'collector_number', 'site_code');
-- The latest instant of a site is told.
CREATE TRIGGER feed_child_counts AFTER INSERT OR UPDATE ON child_counts FOR EACH ROW
EXECUTE FUNCTION feed_row('2', 'child_counts', 'collector_number', 'site_code');
CREATE TRIGGER feed_child_checkpoint AFTER INSERT OR UPDATE ON child_checkpoints FOR EACH ROW
EXECUTE FUNCTION feed_row('1', 'child_checkpoint', 'collector_number');
