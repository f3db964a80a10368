-- What children have told is passed on to the parent of this collector as it is (0016, 0017).

CREATE TRIGGER feed_turned_on_children AFTER UPDATE ON feed_state
WHEN NEW.is_on = 1 AND OLD.is_on = 0
BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    SELECT 0, 'child_collector', CAST(collector_number AS TEXT) FROM child_collectors;
  INSERT INTO feed_changes (lane, kind, key)
    SELECT 1, 'child_site', collector_number || '/' || site_code FROM child_sites;
  INSERT INTO feed_changes (lane, kind, key)
    SELECT 1, 'child_node', collector_number || '/' || node_id FROM child_nodes;
  INSERT INTO feed_changes (lane, kind, key)
    SELECT 1, 'child_checkpoint', CAST(collector_number AS TEXT) FROM child_checkpoints;
  INSERT INTO feed_changes (lane, kind, key)
    SELECT 2, 'child_hour', hour_ms || '/' || collector_number || '/' || site_code FROM child_hours
    ORDER BY hour_ms;
  INSERT INTO feed_changes (lane, kind, key)
    SELECT DISTINCT 2, 'child_counts', collector_number || '/' || site_code FROM child_counts;
END;

CREATE TRIGGER feed_child_collector_new AFTER INSERT ON child_collectors BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (0, 'child_collector', CAST(NEW.collector_number AS TEXT));
END;
CREATE TRIGGER feed_child_collector_other AFTER UPDATE ON child_collectors BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (0, 'child_collector', CAST(NEW.collector_number AS TEXT));
END;
-- Whether it is heard here is told with it.
CREATE TRIGGER feed_child_silence_new AFTER INSERT ON child_silences BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (0, 'child_collector', CAST(NEW.collector_number AS TEXT));
END;
CREATE TRIGGER feed_child_silence_ended AFTER UPDATE ON child_silences BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (0, 'child_collector', CAST(NEW.collector_number AS TEXT));
END;

CREATE TRIGGER feed_child_site_new AFTER INSERT ON child_sites BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (1, 'child_site', NEW.collector_number || '/' || NEW.site_code);
END;
CREATE TRIGGER feed_child_site_other AFTER UPDATE ON child_sites BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (1, 'child_site', NEW.collector_number || '/' || NEW.site_code);
END;

-- Each report of a node writes its row, with its cards in the same transaction.
CREATE TRIGGER feed_child_node_new AFTER INSERT ON child_nodes BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (1, 'child_node', NEW.collector_number || '/' || NEW.node_id);
END;
CREATE TRIGGER feed_child_node_other AFTER UPDATE ON child_nodes BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (1, 'child_node', NEW.collector_number || '/' || NEW.node_id);
END;

CREATE TRIGGER feed_child_hour_new AFTER INSERT ON child_hours BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES
    (2, 'child_hour', NEW.hour_ms || '/' || NEW.collector_number || '/' || NEW.site_code);
END;
CREATE TRIGGER feed_child_hour_other AFTER UPDATE ON child_hours BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES
    (2, 'child_hour', NEW.hour_ms || '/' || NEW.collector_number || '/' || NEW.site_code);
END;

-- The latest instant of a site is told.
CREATE TRIGGER feed_child_counts_new AFTER INSERT ON child_counts BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (2, 'child_counts', NEW.collector_number || '/' || NEW.site_code);
END;
CREATE TRIGGER feed_child_counts_other AFTER UPDATE ON child_counts BEGIN
  INSERT INTO feed_changes (lane, kind, key)
    VALUES (2, 'child_counts', NEW.collector_number || '/' || NEW.site_code);
END;

CREATE TRIGGER feed_child_checkpoint_new AFTER INSERT ON child_checkpoints BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'child_checkpoint', CAST(NEW.collector_number AS TEXT));
END;
CREATE TRIGGER feed_child_checkpoint_other AFTER UPDATE ON child_checkpoints BEGIN
  INSERT INTO feed_changes (lane, kind, key) VALUES (1, 'child_checkpoint', CAST(NEW.collector_number AS TEXT));
END;
