/** Who is logged in, how one logs in and leaves. The cookie itself is out of reach of scripts. */
import { type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { getJson, Problem, sendJson, setCsrf } from './client.ts'

export type Role = 'admin' | 'operator' | 'regulator' | 'bank' | 'metrics' | 'security' | 'auditor'

export interface Session {
  readonly role: Role
  /** What may be seen; both `null`: everything. */
  readonly region_code: string | null
  readonly site_code: string | null
  /** For people to read. */
  readonly label: string
  readonly subject: string
  readonly method: 'token' | 'oidc' | 'bearer'
  /** `to_enroll`, `to_verify`: nothing else is answered before that is done. */
  readonly second_factor: 'off' | 'verified' | 'provider' | 'to_enroll' | 'to_verify'
  readonly expires_at: string | null
  readonly idle_expires_at: string | null
  readonly csrf: string | null
}

export interface LoginMethods {
  readonly demo: boolean
  readonly oidc: boolean
  readonly second_factor: 'required' | 'off'
}

export interface Enrolment {
  readonly secret: string
  readonly otpauth_uri: string
  readonly recovery_codes: readonly string[]
}

const SESSION_PATH = '/v1/session'
export const SESSION_KEY = [SESSION_PATH]

/** `null`: nobody is logged in. */
export function useSession(): UseQueryResult<Session | null, Error> {
  return useQuery<Session | null, Error>({
    queryKey: SESSION_KEY,
    queryFn: async () => {
      try {
        const session = await getJson<Session>(SESSION_PATH)
        setCsrf(session.csrf)
        return session
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return null
        throw error
      }
    },
    staleTime: 60_000,
  })
}

/** The person still has to set up, or give, the second factor. */
export function isHalfway({ second_factor }: Session): boolean {
  return second_factor === 'to_enroll' || second_factor === 'to_verify'
}

/** Where this session stands has changed: ask again who this is. */
export function isSessionProblem(error: Error): boolean {
  if (!(error instanceof Problem)) return false
  return error.status === 401 || error.code === 'second_factor_required'
}

export async function login(token: string, code: string | null): Promise<Session> {
  return await sendJson('POST', SESSION_PATH, code === null ? { token } : { token, code })
}

export async function enrollFactor(): Promise<Enrolment> {
  return await sendJson('POST', `${SESSION_PATH}/second-factor/enroll`)
}

export async function giveFactor(step: 'confirm' | 'verify', code: string): Promise<Session> {
  return await sendJson('POST', `${SESSION_PATH}/second-factor/${step}`, { code })
}

/** A page of the login provider, that comes back to `returnTo`. */
export function providerPath(returnTo: string): string {
  return `${SESSION_PATH}/oidc?${new URLSearchParams({ return_to: returnTo }).toString()}`
}

/** Makes a new session, or none, the one of this page: nothing of another person's is kept. */
export function useWelcome(): (session: Session | null) => void {
  const queries = useQueryClient()
  return useCallback(
    (session) => {
      setCsrf(session?.csrf ?? null)
      // The session's own query stays: pages hang on it, and would not hear of another one.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_PATH })
      queries.setQueryData(SESSION_KEY, session)
    },
    [queries],
  )
}

export function useLogout(): () => Promise<void> {
  const welcome = useWelcome()
  return useCallback(async () => {
    try {
      await sendJson('DELETE', SESSION_PATH)
    } catch (error) {
      // Over already: that is what was wanted.
      if (!(error instanceof Problem) || error.status >= 500) throw error
    }
    welcome(null)
  }, [welcome])
}

/** Whether news of the ledger are for this role. */
export function hearsNews(role: Role): boolean {
  return role !== 'security' && role !== 'metrics'
}

/** The first page that the role may open. */
export function homeOf(role: Role): string {
  if (role === 'security') return '/access'
  return role === 'metrics' ? '/definitions' : '/'
}
