/**
 * The port of the processes that serve one ledger side by side: who is there, who leads, what they
 * say to each other, and whom the others hear. Nothing that is decided rests on it: who decides is
 * told apart by the store itself.
 */
import type { NodeId, SessionGeneration } from '../model/ids.ts'

/** One process, for as long as it has one part to play. */
export interface Member {
  readonly instance: string
  /** Where it is found, for people. */
  readonly name: string
  /** Rises for as long as it is there. */
  readonly beat: number
}

export interface Standing {
  /** Of the one that leads or led last. */
  readonly number: number
  /** `null`: it has left, or was never one of several. */
  readonly leader: Member | null
  /** Whether any connection of the one that leads is open. */
  readonly isLeading: boolean
  /** All that are there. */
  readonly members: readonly Member[]
  /** This one is not among them any more: the others have not heard it for a while. */
  readonly isGivenUp: boolean
}

export interface Message {
  readonly sender: string
  readonly body: string
}

export interface MessageTo {
  readonly receiver: string
  readonly body: string
}

/** A node that is connected to another process, or was a moment ago. */
export interface HeardElsewhere {
  readonly nodeId: NodeId
  readonly generation: SessionGeneration
  readonly siteCode: string
  readonly remoteAddress: string
  readonly instance: string
  readonly heardAgoMs: number
  readonly isConnected: boolean
  readonly endedReason: string | null
  readonly clockOffsetMs: number | null
}

export interface Members {
  /** Of this process. */
  readonly instance: string
  /** Says that it is there; answers who else is. */
  beat(): Promise<Standing>
  /** In the order of the call; each is read once, or lost with a crash. */
  send(messages: readonly MessageTo[]): Promise<void>
  /** What was sent to this process since. */
  take(): Promise<readonly Message[]>
  heardElsewhere(): Promise<readonly HeardElsewhere[]>
  /** A process that is not heard any more: its sessions have ended. */
  forget(instance: string): Promise<void>
}
