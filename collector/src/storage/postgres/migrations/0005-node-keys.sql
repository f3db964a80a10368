-- Which authorities a node has confirmed to trust: the version it was told.
CREATE TABLE node_trust (
  node_id text COLLATE "C" PRIMARY KEY REFERENCES nodes (node_id),
  version bigint NOT NULL,
  confirmed_at_ms bigint NOT NULL
);

-- Nodes that are to take a new key. Once the new one is proven both are taken; the row goes, and
-- the old key with it, when the node comes with the new one.
CREATE TABLE key_rotations (
  node_id text COLLATE "C" PRIMARY KEY REFERENCES nodes (node_id),
  nonce text COLLATE "C" NOT NULL,
  asked_at_ms bigint NOT NULL,
  asked_by text COLLATE "C" NOT NULL,
  algorithm bigint,
  public_key text COLLATE "C",
  fingerprint text COLLATE "C",
  proven_at_ms bigint,
  CHECK ((public_key IS NULL) = (proven_at_ms IS NULL)),
  CHECK ((public_key IS NULL) = (algorithm IS NULL)),
  CHECK ((public_key IS NULL) = (fingerprint IS NULL))
);
CREATE UNIQUE INDEX key_rotations_key ON key_rotations (algorithm, public_key)
  WHERE public_key IS NOT NULL;

CREATE INDEX nodes_revoked ON nodes (node_id) WHERE status = 'revoked';
