/**
 * Reads this node's own Node object from the API server, for what a kubelet does not tell: that the
 * node is cordoned, or carries a taint by which the site marks maintenance. It promises one bounded
 * GET that never throws and follows no redirect; of the object only `spec` is looked at.
 */
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { AppError, type Clock, errorSentence } from '@yiben/shared'
import * as z from 'zod/mini'
import { DeadlineError, withDeadline } from './deadline.ts'
import { type ApiAccess, readKubeconfig } from './kubernetes-kubeconfig.ts'

const DEADLINE_MS = 1_500
/** A Node with 50 images and a vendor's annotations takes some 100 KiB. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024

export interface NodeOptions {
  readonly clock: Clock
  readonly kubeconfig: string
  readonly nodeName: string
  /** Keys of the taints by which the site marks maintenance. */
  readonly maintenanceTaints: readonly string[]
}

export type NodeAnswer =
  | { readonly status: 'in_service' }
  | { readonly status: 'withdrawn'; readonly cause: 'drained' | 'maintenance' }
  | { readonly status: 'failed'; readonly sentence: string }

const nodeObject = z.object({
  kind: z.literal('Node'),
  spec: z.object({
    unschedulable: z.optional(z.boolean()),
    taints: z.optional(z.array(z.object({ key: z.string() }))),
  }),
})

export async function readNode(options: NodeOptions): Promise<NodeAnswer> {
  const { clock, kubeconfig, nodeName } = options
  try {
    return await withDeadline(clock, DEADLINE_MS, async (signal) => {
      const access = await readKubeconfig(kubeconfig)
      const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`
      const { statusCode, body } = await get(access, path, signal)
      if (statusCode !== 200) return failed(refusal(statusCode, access.server.host, nodeName))
      return judge(body, options.maintenanceTaints)
    })
  } catch (error) {
    if (error instanceof AppError) return failed(error.message)
    const reason =
      error instanceof DeadlineError ? `nothing within ${DEADLINE_MS / 1000} s` : reasonOf(error)
    return failed(
      `The API server in ${kubeconfig} does not answer (${reason}), so nobody knows whether this node is cordoned: look at the network and the server.`,
    )
  }
}

function judge(body: string, maintenanceTaints: readonly string[]): NodeAnswer {
  const node = nodeObject.safeParse(jsonOf(body))
  if (!node.success) return failed('What the API server answers is no Node object.')
  const { unschedulable = false, taints = [] } = node.data.spec
  const isInMaintenance = taints.some(({ key }) => maintenanceTaints.includes(key))
  if (isInMaintenance) return { status: 'withdrawn', cause: 'maintenance' }
  return unschedulable ? { status: 'withdrawn', cause: 'drained' } : { status: 'in_service' }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function refusal(statusCode: number | null, host: string, nodeName: string): string {
  switch (statusCode) {
    case 401:
    case 403:
      return `The API server ${host} refuses these credentials (HTTP ${statusCode}): use the kubelet's own kubeconfig, or allow them to get node ${nodeName}.`
    case 404:
      return `The API server ${host} knows no node ${nodeName}: say its name in owner.kubernetes.node_name.`
    default:
      return `The API server ${host} answers HTTP ${statusCode ?? 'without a status'}.`
  }
}

interface Answer {
  readonly statusCode: number | null
  readonly body: string
}

function get(access: ApiAccess, path: string, signal: AbortSignal): Promise<Answer> {
  const { server, ca, serverName, credentials } = access
  const isToken = credentials.kind === 'token'
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(server.pathname.replace(/\/$/, '') + path, server),
      {
        signal,
        // No connection is kept: one request in 15 s, and the certificate may be another by then.
        agent: false,
        headers: {
          accept: 'application/json',
          ...(isToken ? { authorization: `Bearer ${credentials.token}` } : {}),
        },
        ...(ca === null ? {} : { ca }),
        ...(serverName === null ? {} : { servername: serverName }),
        ...(isToken ? {} : { cert: credentials.certificate, key: credentials.key }),
      },
      (response) => {
        bodyOf(response).then(
          (body) => resolve({ statusCode: response.statusCode ?? null, body }),
          reject,
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    const part = Buffer.from(chunk)
    bytes += part.length
    // Leaving the loop ends the connection.
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`more than ${ANSWER_BYTES_MAX} bytes`)
    chunks.push(part)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** `ECONNREFUSED`, `CERT_HAS_EXPIRED`: Node's code says more to a person than its sentence. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : errorSentence(error)
}

function failed(sentence: string): NodeAnswer {
  return { status: 'failed', sentence }
}
