-- Which authorities a node has confirmed to trust: the version it was told.
CREATE TABLE node_trust (
  node_id TEXT PRIMARY KEY REFERENCES nodes (node_id),
  version INTEGER NOT NULL,
  confirmed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Nodes that are to take a new key. Once the new one is proven both are taken; the row goes, and the
-- old key with it, when the node comes with the new one.
CREATE TABLE key_rotations (
  node_id TEXT PRIMARY KEY REFERENCES nodes (node_id),
  nonce TEXT NOT NULL,
  asked_at_ms INTEGER NOT NULL,
  asked_by TEXT NOT NULL,
  algorithm INTEGER,
  public_key TEXT,
  fingerprint TEXT,
  proven_at_ms INTEGER,
  CHECK ((public_key IS NULL) = (proven_at_ms IS NULL)),
  CHECK ((public_key IS NULL) = (algorithm IS NULL)),
  CHECK ((public_key IS NULL) = (fingerprint IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX key_rotations_key ON key_rotations (algorithm, public_key)
  WHERE public_key IS NOT NULL;

CREATE INDEX nodes_revoked ON nodes (node_id) WHERE status = 'revoked';
