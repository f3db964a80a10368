-- Reports that were issued: each as it was given out, for ever.
CREATE TABLE reports (
  report_number INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Given by who asked: asked for again, it is the same report.
  report_id TEXT NOT NULL UNIQUE,
  -- NULL: the whole country.
  region_code TEXT,
  month TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  known_at_ms INTEGER NOT NULL,
  issued_at_ms INTEGER NOT NULL,
  finality TEXT NOT NULL CHECK (finality IN ('preliminary', 'final')),
  author TEXT NOT NULL,
  catalogue_version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  -- Canonical JSON: what the hash is over.
  answer TEXT NOT NULL,
  CHECK (from_ms < to_ms AND to_ms <= known_at_ms AND known_at_ms <= issued_at_ms)
) STRICT;
CREATE INDEX reports_month ON reports (month, report_number);

CREATE TRIGGER reports_kept_update BEFORE UPDATE ON reports
BEGIN
  SELECT RAISE(ABORT, 'reports never change');
END;
CREATE TRIGGER reports_kept_delete BEFORE DELETE ON reports
BEGIN
  SELECT RAISE(ABORT, 'reports are kept');
END;

-- Corrections by when they became known, and the entries that name them.
CREATE INDEX seals_corrected ON seals (sealed_at_ms, hour_ms, version) WHERE version > 1;
CREATE INDEX journal_corrected ON journal (at_ms) WHERE kind = 'hour_corrected';
CREATE INDEX journal_reported ON journal (at_ms) WHERE kind = 'report_issued';
