/** Mounts the dashboard. */
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Problem } from './api/client.ts'
import { isSessionProblem, SESSION_KEY } from './api/session.ts'
import { App } from './app.tsx'
import { startTexts } from './text/index.ts'
import { printInLight } from './theme.ts'

const TRIES_MAX = 2

const queries = new QueryClient({
  queryCache: new QueryCache({
    // The session is over, or waits for its second factor: the login page says so.
    onError: (error) => {
      if (isSessionProblem(error)) void queries.invalidateQueries({ queryKey: SESSION_KEY })
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      // What was refused stays refused; a cut line is tried again.
      retry: (failures, error) => !(error instanceof Problem) && failures < TRIES_MAX,
    },
  },
})

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no root element')
await startTexts()
printInLight()
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
)
