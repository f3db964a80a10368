/**
 * The version of the wire. Additive changes (new fields, new messages) keep it as long as both
 * sides work without them; the pinned hash makes sure that no change of the schema goes unnoticed.
 *
 * History, one line per change of the schema:
 * 1  first version: handshake, durable record stream, live messages; leases reserved by number.
 */

export const WIRE_VERSION = 1

/** Named in the WebSocket handshake; another name is another protocol. */
export const SUBPROTOCOL = 'yiben.v1'

/** Path of the WebSocket endpoint at a collector. */
export const LINK_PATH = '/v1/link'

/** SHA-256 of `shared/proto/link.proto`: changed only together with a line of history above. */
export const SCHEMA_SHA256 = '543a156af964b6c91f340a176482f38b3b2e55150277d2ad2e5e8ba97d6869fb'
