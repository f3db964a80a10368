/**
 * Reads a kubeconfig as far as one HTTPS request needs it: the server, whose certificates to trust,
 * and who we are (a client certificate or a bearer token). Read anew for every request, because a
 * kubelet renews its certificate in place. It promises either everything needed or an `AppError`
 * that says what is missing; nothing secret stands in its sentences.
 */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AppError, errorSentence } from '@yiben/shared'
import { parse } from 'yaml'
import * as z from 'zod/mini'

export interface ApiAccess {
  readonly server: URL
  /** PEM; `null`: the authorities the system trusts. */
  readonly ca: string | null
  readonly serverName: string | null
  readonly credentials:
    | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string }
    | { readonly kind: 'token'; readonly token: string }
}

const text = z.string()
const cluster = z.object({
  server: text,
  'certificate-authority': z.optional(text),
  'certificate-authority-data': z.optional(text),
  'tls-server-name': z.optional(text),
  'insecure-skip-tls-verify': z.optional(z.boolean()),
})
const user = z.object({
  'client-certificate': z.optional(text),
  'client-certificate-data': z.optional(text),
  'client-key': z.optional(text),
  'client-key-data': z.optional(text),
  token: z.optional(text),
  tokenFile: z.optional(text),
})
const kubeconfig = z.object({
  'current-context': text,
  contexts: z.array(z.object({ name: text, context: z.object({ cluster: text, user: text }) })),
  clusters: z.array(z.object({ name: text, cluster })),
  users: z.array(z.object({ name: text, user })),
})

type Cluster = z.infer<typeof cluster>
type User = z.infer<typeof user>

export async function readKubeconfig(path: string): Promise<ApiAccess> {
  const parsed = kubeconfig.safeParse(yamlOf(path, await readText(path)))
  if (!parsed.success) throw unreadable(path, 'it is no kubeconfig')
  const { contexts, clusters, users, 'current-context': current } = parsed.data
  const context = contexts.find(({ name }) => name === current)?.context
  const chosenCluster = clusters.find(({ name }) => name === context?.cluster)?.cluster
  const chosenUser = users.find(({ name }) => name === context?.user)?.user
  if (chosenCluster === undefined || chosenUser === undefined) {
    throw unreadable(path, 'its current-context names no cluster and user of it')
  }
  return {
    server: serverOf(path, chosenCluster),
    ca: await materialOf(
      path,
      chosenCluster['certificate-authority-data'],
      chosenCluster['certificate-authority'],
    ),
    serverName: chosenCluster['tls-server-name'] ?? null,
    credentials: await credentialsOf(path, chosenUser),
  }
}

function serverOf(path: string, chosen: Cluster): URL {
  const server = URL.parse(chosen.server)
  if (server?.protocol !== 'https:') throw unreadable(path, 'its server is not an https URL')
  if (chosen['insecure-skip-tls-verify'] === true) {
    throw unreadable(path, 'it skips the check of certificates, which this agent does not')
  }
  return server
}

async function credentialsOf(path: string, chosen: User): Promise<ApiAccess['credentials']> {
  const certificate = await materialOf(
    path,
    chosen['client-certificate-data'],
    chosen['client-certificate'],
  )
  const key = await materialOf(path, chosen['client-key-data'], chosen['client-key'])
  if (certificate !== null && key !== null) return { kind: 'certificate', certificate, key }
  const token =
    chosen.tokenFile === undefined
      ? chosen.token
      : await readText(resolve(dirname(path), chosen.tokenFile))
  if (token === undefined || token.trim() === '') {
    throw unreadable(path, 'its user has neither a client certificate nor a token')
  }
  return { kind: 'token', token: token.trim() }
}

/** Inline data is base64 of PEM and is stronger than a file; paths are relative to the kubeconfig. */
async function materialOf(
  path: string,
  data: string | undefined,
  file: string | undefined,
): Promise<string | null> {
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8')
  return file === undefined || file === '' ? null : readText(resolve(dirname(path), file))
}

function yamlOf(path: string, content: string): unknown {
  try {
    return parse(content)
  } catch {
    // The parser's message quotes the text, which may hold a token.
    throw unreadable(path, 'it is not YAML')
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('config_unreadable', `${path} cannot be read: ${errorSentence(cause)}.`, {
      cause,
    })
  }
}

function unreadable(path: string, reason: string): AppError {
  return new AppError('config_unreadable', `The kubeconfig ${path} cannot be used: ${reason}.`)
}
