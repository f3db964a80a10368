/**
 * What the port is asked of nodes by people who look after them: lists that are narrowed, and the
 * whole roster counted. Plain values that can be cloned.
 */

/**
 * Rows that pass every part; `null`: the part is not asked. How a node fares (version, problem,
 * silence, clock) is asked of active nodes only: a revoked one tells nothing any more.
 */
export interface NodeFilter {
  readonly siteCode: string | null
  /** Is part of the name, in whatever case, or of the id. */
  readonly nameContains: string | null
  /** Of the agent, exactly, as the session told it last. */
  readonly agentVersion: string | null
  /** Code of a probe's problem; `any`: some problem, or fewer units read than cards on the bus. */
  readonly problem: string | null
  /** Without a connection, or last heard before this instant. */
  readonly unheardSinceMs: number | null
  /** The measured offset of its clock is larger, in either direction. */
  readonly clockOffsetMsOver: number | null
}

/** What counts as silent and as a wrong clock. */
export interface NodeHealthLimits {
  readonly unheardSinceMs: number
  readonly clockOffsetMsOver: number
}

/** All nodes in scope, counted; a revoked node is counted as revoked, and in nothing else. */
export interface NodeHealth {
  readonly active: number
  readonly revoked: number
  readonly connected: number
  readonly silent: number
  /** Of the silent ones: enrolled, and never connected. */
  readonly neverConnected: number
  readonly clockOff: number
  /** Some probe has a problem, or read fewer units than there are cards on the bus. */
  readonly withProblem: number
  /** Most nodes first; `null`: never connected. */
  readonly versions: readonly { readonly agentVersion: string | null; readonly nodes: number }[]
  /** Most nodes first; a node counts once for each vendor and code. `null`: cards not read, uncoded. */
  readonly problems: readonly {
    readonly vendor: string
    readonly code: string | null
    readonly nodes: number
  }[]
}
