/**
 * News by server-sent events: what is shown is asked for again when the ledger has moved, at most
 * every few seconds. A page that speaks of a stated instant stays as it is. What a page asks by itself
 * keeps nobody logged in, and says so.
 */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { inBackground } from './client.ts'
import { SESSION_KEY } from './session.ts'

const PATH = '/v1/live'
const REFRESH_MS = 5_000
const EVENTS = ['ledger', 'hour_sealed', 'hour_corrected', 'changes'] as const

export type LiveState = 'live' | 'waiting' | 'off'

export function useLive(isWanted: boolean): LiveState {
  const queries = useQueryClient()
  const [state, setState] = useState<LiveState>('off')
  useEffect(() => {
    if (!isWanted) {
      setState('off')
      return
    }
    const source = new EventSource(PATH)
    let timer: number | null = null
    const refresh = () => {
      timer ??= window.setTimeout(() => {
        timer = null
        if (document.visibilityState !== 'visible') return
        void inBackground(() => queries.invalidateQueries())
      }, REFRESH_MS)
    }
    source.onopen = () => setState('live')
    source.onerror = () => setState('waiting')
    for (const event of EVENTS) source.addEventListener(event, refresh)
    // The session is over, or the collector stops: who is logged in is asked again.
    source.addEventListener('end', () => {
      void inBackground(() => queries.invalidateQueries({ queryKey: SESSION_KEY }))
    })
    return () => {
      source.close()
      if (timer !== null) window.clearTimeout(timer)
    }
  }, [isWanted, queries])
  return state
}
