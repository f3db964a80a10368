/** What a failed login is called on the page: by the problem's stable code, never by its sentence. */
import { Problem } from '../api/client.ts'
import { loginText } from './login-text.ts'

/** Key of the words, under `problem`. */
export type ProblemName = keyof (typeof loginText)['zh']['problem']

export function problemName(error: unknown): ProblemName {
  if (!(error instanceof Problem)) return 'unreachable'
  const { code } = error
  return isNamed(code) ? code : 'other'
}

function isNamed(code: string): code is ProblemName {
  return Object.hasOwn(loginText.zh.problem, code)
}

/** The token is right so far; what is missing is the one-time code. */
export function asksForCode(error: unknown): boolean {
  return error instanceof Problem && error.code === 'second_factor_required'
}

/** A token as it was pasted: without what stood around it, or `Bearer` before it. */
export function tokenOf(pasted: string): string {
  return pasted.trim().replace(/^bearer\s+/i, '')
}
