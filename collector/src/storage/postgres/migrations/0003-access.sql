-- Sessions of people, their second factor, the audit log.

-- A person who has logged in. Of the cookie only the hash is here; `login_id` is what is shown.
CREATE TABLE logins (
  login_id text COLLATE "C" PRIMARY KEY,
  cookie_hash text COLLATE "C" NOT NULL UNIQUE,
  method text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  token_id text COLLATE "C" REFERENCES tokens (token_id),
  label text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  site_code text COLLATE "C",
  region_code text COLLATE "C",
  factor text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  seen_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  ended_at_ms bigint,
  CHECK ((method = 'token') = (token_id IS NOT NULL))
);
CREATE INDEX logins_live ON logins (expires_at_ms) WHERE ended_at_ms IS NULL;

-- One per subject. The secret is sealed with a key that is not in this file. `recovery` is JSON of
-- the hashes of codes that have not been used. `attempts` counts codes tried since the last right
-- one.
CREATE TABLE second_factors (
  subject text COLLATE "C" PRIMARY KEY,
  label text COLLATE "C" NOT NULL,
  sealed_secret bytea NOT NULL,
  recovery text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  confirmed_at_ms bigint,
  last_step bigint NOT NULL DEFAULT 0,
  attempts bigint NOT NULL DEFAULT 0,
  locked_until_ms bigint
);

-- ---- audit: only ever appended ------------------------------------------------------------------

CREATE TABLE audit (
  number bigint PRIMARY KEY,
  at_ms bigint NOT NULL,
  actor text COLLATE "C",
  role text COLLATE "C",
  scope text COLLATE "C",
  login_id text COLLATE "C",
  method text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  details text COLLATE "C" NOT NULL,
  status bigint NOT NULL,
  address text COLLATE "C" NOT NULL,
  export_id text COLLATE "C",
  purpose text COLLATE "C",
  repeats bigint NOT NULL,
  previous_hash text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL
);
CREATE INDEX audit_by_time ON audit (at_ms);
CREATE INDEX audit_by_actor ON audit (actor, number);
CREATE INDEX audit_by_export ON audit (export_id) WHERE export_id IS NOT NULL;

-- What was said in the journal of the rows up to a number.
CREATE TABLE audit_seals (
  through_number bigint PRIMARY KEY,
  hash text COLLATE "C" NOT NULL,
  at_ms bigint NOT NULL
);

-- Rows up to a sealed number that may go, because they are older than the retention. The row that
-- the chain begins with afterwards names `hash` as its predecessor.
CREATE TABLE audit_prunings (
  through_number bigint PRIMARY KEY,
  hash text COLLATE "C" NOT NULL,
  older_than_ms bigint NOT NULL,
  at_ms bigint NOT NULL,
  -- Six months at the least, as graded protection asks: 184 days.
  CHECK (older_than_ms <= at_ms - 15897600000)
);

CREATE FUNCTION audit_appends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> 1 + coalesce(
    (SELECT max(number) FROM audit), (SELECT max(through_number) FROM audit_prunings), 0)
  THEN
    RAISE EXCEPTION 'the audit log is numbered without a gap'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_appends BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_appends();

CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit FOR EACH ROW
EXECUTE FUNCTION refuse_change('the audit log is only ever appended');

CREATE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM audit_prunings
    WHERE through_number >= OLD.number AND older_than_ms > OLD.at_ms)
  THEN
    RAISE EXCEPTION 'the audit log is kept for its retention'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER audit_keeps BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_keeps();

CREATE FUNCTION audit_prunes_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM audit_seals WHERE through_number = NEW.through_number AND hash = NEW.hash)
  THEN
    RAISE EXCEPTION 'only sealed rows of the audit log are ever pruned'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_prunes_sealed BEFORE INSERT ON audit_prunings FOR EACH ROW
EXECUTE FUNCTION audit_prunes_sealed();

CREATE TRIGGER audit_seals_kept BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW
EXECUTE FUNCTION refuse_change('seals of the audit log are kept');
CREATE TRIGGER audit_prunings_kept BEFORE UPDATE OR DELETE ON audit_prunings FOR EACH ROW
EXECUTE FUNCTION refuse_change('prunings of the audit log are kept');

-- ---- reports -----------------------------------------------------------------------------------

-- Reports that were issued: each as it was given out, for ever.
CREATE TABLE reports (
  report_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Given by who asked: asked for again, it is the same report.
  report_id text COLLATE "C" NOT NULL UNIQUE,
  -- NULL: the whole country.
  region_code text COLLATE "C",
  month text COLLATE "C" NOT NULL,
  time_zone text COLLATE "C" NOT NULL,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  known_at_ms bigint NOT NULL,
  issued_at_ms bigint NOT NULL,
  finality text COLLATE "C" NOT NULL CHECK (finality IN ('preliminary', 'final')),
  author text COLLATE "C" NOT NULL,
  catalogue_version text COLLATE "C" NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  -- Canonical JSON: what the hash is over.
  answer text COLLATE "C" NOT NULL,
  CHECK (from_ms < to_ms AND to_ms <= known_at_ms AND known_at_ms <= issued_at_ms)
);
CREATE INDEX reports_month ON reports (month, report_number);

CREATE TRIGGER reports_kept_update BEFORE UPDATE ON reports FOR EACH ROW
EXECUTE FUNCTION refuse_change('reports never change');
CREATE TRIGGER reports_kept_delete BEFORE DELETE ON reports FOR EACH ROW
EXECUTE FUNCTION refuse_change('reports are kept');
