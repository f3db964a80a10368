/** Mounts the dashboard. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Problem } from './api/client.ts'
import { App } from './app.tsx'
import { startTexts } from './text/index.ts'

const TRIES_MAX = 2

const queries = new QueryClient({
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
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
)
