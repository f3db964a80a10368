/** One thing that `doctor` has looked at: what was found, and what to do about it. */
import { renderTable } from '@yiben/shared'

export interface Check {
  readonly name: string
  readonly verdict: 'ok' | 'note' | 'problem'
  readonly sentence: string
  readonly whatToDo: string | null
}

export function ok(name: string, sentence: string): Check {
  return { name, verdict: 'ok', sentence, whatToDo: null }
}

export function note(name: string, sentence: string, whatToDo: string): Check {
  return { name, verdict: 'note', sentence, whatToDo }
}

export function problem(name: string, sentence: string, whatToDo: string): Check {
  return { name, verdict: 'problem', sentence, whatToDo }
}

export function describeChecks(checks: readonly Check[]): string {
  const rows = checks.map(({ name, verdict, sentence, whatToDo }) => [
    verdict === 'ok' ? 'ok' : verdict.toUpperCase(),
    name,
    whatToDo === null ? sentence : `${sentence} ${whatToDo}`,
  ])
  return renderTable(['', 'check', 'what was found, and what to do'], rows)
}
