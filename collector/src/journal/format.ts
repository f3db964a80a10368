/**
 * The documented format of the journal as constants: all that the writing side and `verify` have in
 * common. SPEC.md beside this file says the same in words; no number here is ever changed.
 */

// ---- entries ----------------------------------------------------------------------------------

/** Goes into every entry's hash before anything else. */
export const ENTRY_HASH_LABEL = 'yiben.entry.v1'
export const ENTRY_VERSION = 1
/** The fields of an entry's bytes, in canonical order. */
export const ENTRY_FIELDS = ['at_ms', 'generation', 'kind', 'payload', 'seq', 'v'] as const
/** Far above any payload we write (long lists are split); keeps one entry from filling a page. */
export const ENTRY_BYTES_MAX = 256 * 1024
/** Deeper than any payload; bounds the recursion. */
export const ENTRY_DEPTH_MAX = 16
/** What entry 1 names as its predecessor. */
export const GENESIS_HASH = '0'.repeat(64)
/** SHA-256 in lower-case hex. */
export const HASH_SHAPE = /^[0-9a-f]{64}$/

// ---- tree (RFC 6962, section 2.1) -------------------------------------------------------------

/** The suite whose hash is SHA-256: the tree over the journal takes that of its key's suite. */
export const TREE_SHA256 = 1
/** A leaf can never be passed for a node: their hashes begin with different bytes. */
export const LEAF_PREFIX = 0x00
export const NODE_PREFIX = 0x01

// ---- signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ---------

/** First bytes of a key's encoding: what its signatures mean. */
export const SIGNATURE_ED25519 = 0x01
export const SIGNATURE_COSIGNATURE = 0x04
/** For what has no number of its own: a name follows the byte. */
export const SIGNATURE_NAMED = 0xff
export const SM2_SIGNATURE_NAME = 'yiben.sm2-sm3.v1'
export const KEY_ID_BYTES = 4
/** What a witness signs begins with this line, so that it is no checkpoint itself. */
export const COSIGNATURE_HEADER = 'cosignature/v1'
/** Seconds since 1970, unsigned 64 bits, before the signature of a witness. */
export const COSIGNATURE_TIME_BYTES = 8
/** `yiben.ledger/<id of the ledger>/<generation>`: one log per generation, and its key's name. */
export const ORIGIN_PREFIX = 'yiben.ledger'

// ---- exports ------------------------------------------------------------------------------------

/** A signed export says so in its first line; no checkpoint has this second line. */
export const EXPORT_SUFFIX = '/export'

// ---- statements of accounts --------------------------------------------------------------------

/** A signed statement says so in its first line; its second is its canonical JSON, and no number. */
export const STATEMENT_SUFFIX = '/statement'
