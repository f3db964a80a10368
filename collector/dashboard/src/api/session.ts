/** Who is logged in. The cookie itself is out of reach of scripts. */
import { type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { getJson, Problem, sendJson, setCsrf } from './client.ts'

export type Role = 'admin' | 'operator' | 'regulator' | 'bank' | 'metrics' | 'security' | 'auditor'

export interface Session {
  readonly role: Role
  readonly name: string | null
  readonly scope: {
    readonly regions: 'all' | readonly string[]
    readonly sites: 'all' | readonly string[]
  }
  readonly expires_at: string
  readonly csrf: string
}

const SESSION_PATH = '/v1/session'
const KEY = [SESSION_PATH]

/** `null`: nobody is logged in. */
export function useSession(): UseQueryResult<Session | null, Error> {
  return useQuery<Session | null, Error>({
    queryKey: KEY,
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

export function useLogout(): () => Promise<void> {
  const queries = useQueryClient()
  return useCallback(async () => {
    await sendJson('DELETE', SESSION_PATH)
    setCsrf(null)
    queries.clear()
  }, [queries])
}
