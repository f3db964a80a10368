/**
 * What a collector asks of those that report to it, over whatever line they have. The gateway answers;
 * tests have their own. Silence is no answer: nothing is ever concluded from it.
 */
import type { AskKind } from '@yiben/shared'

export interface ChildQuestion {
  readonly kind: AskKind
  /** The child to be asked, then those to hand it down to. */
  readonly path: readonly string[]
  readonly withinMs: number
  /** See placed/words.ts. */
  readonly body: Uint8Array
}

export type ChildReply =
  | { readonly status: 'answered'; readonly body: Uint8Array }
  /** Not connected, not in time, or not for now: ask again. */
  | { readonly status: 'unheard' }
  /** It does not let this collector draw. */
  | { readonly status: 'closed' }

/** One that is connected and understands questions about draws. */
export interface DrawingChild {
  readonly childId: string
  readonly name: string
  /** It lets this collector draw. */
  readonly isOpen: boolean
}

export interface ChildLine {
  /** In the order of their connecting. */
  drawing(): readonly DrawingChild[]
  ask(question: ChildQuestion): Promise<ChildReply>
  /** Called whenever a child can be asked again. */
  onConnected(listener: () => void): void
}
