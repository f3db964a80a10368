/**
 * The version of the wire. Additive changes (new fields, new messages) keep it as long as both
 * sides work without them; the pinned hash makes sure that no change of the schema goes unnoticed.
 *
 * History, one line per change of the schema:
 * 1  first version: handshake, durable record stream, live messages; leases reserved by number.
 * 2  ticks packed anew under a number of their own: what runs tell is left out; steps of the clock.
 * 3  leases: queries, answers, notices and records name epoch, revision and cause; the policy tells
 *    its calendar and how lent cards are handed over. Added since, and agreed on by capability or role:
 *    records of a child collector; authorities told to nodes; the change of a node's key; what a
 *    parent asks a child about draws.
 */

export const WIRE_VERSION = 3

/** The oldest that anybody may speak: what came before was never released. */
export const WIRE_VERSION_FIRST = 2

/** Named in the WebSocket handshake; another name is another protocol. */
export const SUBPROTOCOL = 'yiben.v1'

/** Path of the WebSocket endpoint at a collector. */
export const LINK_PATH = '/v1/link'

/**
 * Named in hello and welcome by sides that understand questions, notices and answers about leases.
 * Where either does not, none is sent.
 */
export const LEASES_CAPABILITY = 'leases'

/** The same of messages about keys and authorities. */
export const KEYS_CAPABILITY = 'keys'

/** Of a child: it follows the authorities that its parent tells it of; its key stays what it is. */
export const TRUST_CAPABILITY = 'trust'

/** The same of what a parent asks a child about draws. */
export const DRAWS_CAPABILITY = 'draws'

/** Named in the hello of a child that lets its parent draw: without it new draws are refused. */
export const DRAWS_OPEN_CAPABILITY = 'draws_open'

/** SHA-256 of `shared/proto/link.proto`: changed only together with a line of history above. */
export const SCHEMA_SHA256 = '37f3f46054dd330e3b67f2819d16229539cf95c13050743cc51e0fbde5bdfacb'
