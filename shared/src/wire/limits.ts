/** Every bound of the wire, each with the reason for its number. Both sides refuse what is past it. */

/** A frame of the largest batch; far below what would hurt a process with 19,000 connections. */
export const FRAME_BYTES_MAX = 256 * 1024

/** Facts of a node with 1,024 units take about 150 KB; one record must fit a frame with room left. */
export const RECORD_BYTES_MAX = 200_000

/** A day of one-minute ticks is 1,440 records: a backlog goes in a few batches, not in hundreds. */
export const BATCH_RECORDS_MAX = 512

/** Sum of record bytes in a batch: a frame less the headers of 512 records and the envelope. */
export const BATCH_BYTES_MAX = 224 * 1024

/** Unacknowledged batches a collector takes: one on the way, one in commit, some spare. */
export const WINDOW_FRAMES_DEFAULT = 8
/** What it grants at first, and while many nodes have a backlog: one on the way, one in commit. */
export const WINDOW_FRAMES_CROWDED = 2
/** More than this is never used, whatever the collector says: it bounds what is sent and unsettled. */
export const WINDOW_FRAMES_MAX = 64
export const WINDOW_BYTES_DEFAULT = 1024 * 1024
export const WINDOW_BYTES_MAX = 4 * 1024 * 1024

/** Units of one node, slices included: 16 cards of 7 slices are 128; the rest is room. */
export const UNITS_PER_NODE_MAX = 1024
/** One state a second for an hour, the longest tick there can be. */
export const RUNS_PER_UNIT_MAX = 3600
/** One a sampling round, in an ordinary minute at a sample a second; an agent sums up what is more. */
export const WALL_STEPS_PER_TICK_MAX = 60
/** 1,024 units that flip at every second of a minute, and some. */
export const RUNS_PER_TICK_MAX = 100_000
/** A card has a UUID, a serial and a slot; during a change of key each of them twice. */
export const IDENTITIES_PER_UNIT_MAX = 8
/** One probe a vendor. */
export const PROBES_MAX = 64
export const CAPABILITIES_MAX = 64
export const REFUSED_PER_ACK_MAX = 2 * BATCH_RECORDS_MAX

/** UTF-8 bytes. Versions, codes, kinds, ids. */
export const TEXT_SHORT_BYTES_MAX = 64
/** UTF-8 bytes. Names as vendors print them. */
export const TEXT_NAME_BYTES_MAX = 200
/** UTF-8 bytes. One sentence for a person. */
export const TEXT_SENTENCE_BYTES_MAX = 500

/** UTF-8 bytes of a deposit calendar: two years of single days in a dozen spans, and some. */
export const CALENDAR_BYTES_MAX = 32 * 1024

/** Terms and declarations of one site: some a year, for decades. */
export const SITE_STATEMENTS_MAX = 1024
/** Owners times printed names of one site in one hour, or times states at an instant. */
export const SITE_GROUPS_MAX = 2048
/** UTF-8 bytes of a checkpoint: a signed note with the lines of some dozen witnesses. */
export const NOTE_BYTES_MAX = 8 * 1024

/** From an accepted connection to a proof: slow lines are served, silent ones are not kept. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** DESIGN 2.3: three missed in a row suspend new holds. */
export const HEARTBEAT_MS = 10_000
/** Nothing heard for this long: ask with a ping. Three heartbeats, and longer than a commit takes. */
export const IDLE_BEFORE_PING_MS = 30_000
/** DESIGN 4: a socket that does not answer a ping within 5 s is dead. */
export const PING_TIMEOUT_MS = 5_000

/** 2020-01-01 and 2100-01-01: a stamp outside is a broken clock or garbage. */
export const TIME_MS_MIN = 1_577_836_800_000
export const TIME_MS_MAX = 4_102_444_800_000
