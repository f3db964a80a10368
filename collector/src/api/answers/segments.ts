/**
 * What one unit did with its time, as people see it: stored runs in order, and where no run is the
 * silence that accounts for it. Past the live edge there is nothing; time nobody has accounted for
 * shows as a gap between segments and turns `balance` red.
 */
import { causeOf, type RunCode, STATES, type State } from '@yiben/shared'
import { z } from 'zod'
import type { UnitSpan } from '../../storage/requests.ts'
import { projectPiece } from '../../timeline/states.ts'
import { instantOrNull, instantOut, instantText } from '../schemas.ts'

export const segmentSchema = z.object({
  from: instantOut,
  to: instantOut,
  state: z.enum(STATES),
  cause: z.string().meta({ description: 'of what was measured, also where it was lent' }),
  recorded_at: instantOut.nullable().meta({ description: 'when it became known, if it came late' }),
})
export type SegmentAnswer = z.infer<typeof segmentSchema>

export interface Segment {
  readonly fromMs: number
  readonly toMs: number
  readonly code: RunCode
  readonly state: State
  readonly recordedAtMs: number | null
}

/** Clipped to the range, cut where leases begin and end, in order of time. */
export function segmentsOf(
  span: Pick<UnitSpan, 'runs' | 'silences' | 'leases'>,
  range: { readonly fromMs: number; readonly toMs: number },
): readonly Segment[] {
  return piecesOf(span, range).flatMap((piece) =>
    projectPiece(piece, span.leases).map((part) => ({ ...piece, ...part })),
  )
}

type Piece = Omit<Segment, 'state'>

function piecesOf(
  { runs, silences }: Pick<UnitSpan, 'runs' | 'silences'>,
  range: { readonly fromMs: number; readonly toMs: number },
): readonly Piece[] {
  const segments: Piece[] = []
  let cursorMs = range.fromMs
  const fill = (untilMs: number) => {
    for (const silence of ordered) {
      const fromMs = Math.max(silence.fromMs, cursorMs)
      const toMs = Math.min(silence.toMs ?? untilMs, untilMs)
      if (toMs <= fromMs) continue
      segments.push({ fromMs, toMs, code: silence.code, recordedAtMs: null })
      cursorMs = toMs
    }
    cursorMs = Math.max(cursorMs, untilMs)
  }
  const ordered = [...silences].sort((left, right) => left.fromMs - right.fromMs)
  for (const run of [...runs].sort((left, right) => left.startMs - right.startMs)) {
    const fromMs = Math.max(run.startMs, range.fromMs)
    const toMs = Math.min(run.endMs, range.toMs)
    if (toMs <= fromMs) continue
    if (fromMs > cursorMs) fill(fromMs)
    segments.push({ fromMs, toMs, code: run.code, recordedAtMs: run.recordedAtMs })
    cursorMs = Math.max(cursorMs, toMs)
  }
  if (cursorMs < range.toMs) fill(range.toMs)
  return segments
}

export function segmentText(segment: Segment): SegmentAnswer {
  return {
    from: instantText(segment.fromMs),
    to: instantText(segment.toMs),
    state: segment.state,
    cause: causeOf(segment.code),
    recorded_at: instantOrNull(segment.recordedAtMs),
  }
}
