-- Sessions of people, their second factor, the audit log.

-- A person who has logged in. Of the cookie only the hash is here; `login_id` is what is shown.
CREATE TABLE logins (
  login_id TEXT PRIMARY KEY,
  cookie_hash TEXT NOT NULL UNIQUE,
  method TEXT NOT NULL,
  subject TEXT NOT NULL,
  token_id TEXT REFERENCES tokens (token_id),
  label TEXT NOT NULL,
  role TEXT NOT NULL,
  site_code TEXT,
  region_code TEXT,
  factor TEXT NOT NULL,
  address TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  CHECK ((method = 'token') = (token_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX logins_live ON logins (expires_at_ms) WHERE ended_at_ms IS NULL;

-- One per subject. The secret is sealed with a key that is not in this file. `recovery` is JSON of the
-- hashes of codes that have not been used. `attempts` counts codes tried since the last right one.
CREATE TABLE second_factors (
  subject TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  sealed_secret BLOB NOT NULL,
  recovery TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  confirmed_at_ms INTEGER,
  last_step INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  locked_until_ms INTEGER
) STRICT, WITHOUT ROWID;

-- ---- audit: only ever appended ------------------------------------------------------------------

CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT,
  role TEXT,
  scope TEXT,
  login_id TEXT,
  method TEXT NOT NULL,
  route TEXT NOT NULL,
  details TEXT NOT NULL,
  status INTEGER NOT NULL,
  address TEXT NOT NULL,
  export_id TEXT,
  purpose TEXT,
  repeats INTEGER NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at_ms);
CREATE INDEX audit_by_actor ON audit (actor, number);
CREATE INDEX audit_by_export ON audit (export_id) WHERE export_id IS NOT NULL;

-- What was said in the journal of the rows up to a number.
CREATE TABLE audit_seals (
  through_number INTEGER PRIMARY KEY,
  hash TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_audit_seals ON journal (seq) WHERE kind = 'audit_sealed';

-- Rows up to a sealed number that may go, because they are older than the retention. The row that
-- the chain begins with afterwards names `hash` as its predecessor.
CREATE TABLE audit_prunings (
  through_number INTEGER PRIMARY KEY,
  hash TEXT NOT NULL,
  older_than_ms INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  -- Six months at the least, as graded protection asks: 184 days.
  CHECK (older_than_ms <= at_ms - 15897600000)
) STRICT;

CREATE TRIGGER audit_appends BEFORE INSERT ON audit
WHEN NEW.number <> 1 + COALESCE(
  (SELECT max(number) FROM audit), (SELECT max(through_number) FROM audit_prunings), 0)
BEGIN SELECT RAISE(ABORT, 'the audit log is numbered without a gap'); END;

CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever appended'); END;

CREATE TRIGGER audit_keeps BEFORE DELETE ON audit
WHEN NOT EXISTS (
  SELECT 1 FROM audit_prunings
  WHERE through_number >= OLD.number AND older_than_ms > OLD.at_ms
)
BEGIN SELECT RAISE(ABORT, 'the audit log is kept for its retention'); END;

CREATE TRIGGER audit_prunes_sealed BEFORE INSERT ON audit_prunings
WHEN NOT EXISTS (
  SELECT 1 FROM audit_seals WHERE through_number = NEW.through_number AND hash = NEW.hash
)
BEGIN SELECT RAISE(ABORT, 'only sealed rows of the audit log are ever pruned'); END;

CREATE TRIGGER audit_seals_never_change BEFORE UPDATE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'seals of the audit log are kept'); END;
CREATE TRIGGER audit_seals_keep BEFORE DELETE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'seals of the audit log are kept'); END;
CREATE TRIGGER audit_prunings_never_change BEFORE UPDATE ON audit_prunings
BEGIN SELECT RAISE(ABORT, 'prunings of the audit log are kept'); END;
CREATE TRIGGER audit_prunings_keep BEFORE DELETE ON audit_prunings
BEGIN SELECT RAISE(ABORT, 'prunings of the audit log are kept'); END;
