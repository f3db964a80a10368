/**
 * Asks one kubelet over its pod-resources socket which devices pods have and which it may give
 * away. It promises an answer within 1.5 s that never throws, one call in flight, at most 16 MiB
 * per message, and a fresh connection after every failure, so that a kubelet that came back behind
 * a new socket file is found. The gRPC library is loaded by the first reader made, not before.
 */
import { connect } from 'node:net'
import type { Client, ServiceError } from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import { assert, type Clock, errorSentence } from '@yiben/shared'
import { DeadlineError, withDeadline } from './deadline.ts'
import type { KubeletState } from './kubernetes-possession.ts'
import {
  allocatableResponse,
  listResponse,
  POD_RESOURCES_PROTO,
  POD_RESOURCES_SERVICE,
} from './kubernetes-proto.ts'
import type { Resource } from './kubernetes-resources.ts'

/** Both questions together; the owner's whole answer has 2 s. */
const DEADLINE_MS = 1_500
/** As other clients of this API allow (dcgm-exporter); 110 pods take some 50 KiB. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

export type KubeletAnswer =
  | ({ readonly status: 'ok' } & KubeletState)
  | { readonly status: 'failed'; readonly sentence: string }

export interface KubeletOptions {
  readonly clock: Clock
  readonly socketPath: string
  /** Whose pods are the bank's; `null`: nobody's. */
  readonly bankNamespace: string | null
  readonly resourceOf: (name: string) => Resource | null
}

/** What of the libraries is used, once they are loaded. */
interface Grpc {
  readonly connect: (socketPath: string) => Client
  readonly list: UnaryMethod
  readonly allocatable: UnaryMethod
}

type UnaryMethod = MethodDefinition<object, object>

export class KubeletReader {
  readonly #options: KubeletOptions
  readonly #grpc: Promise<Grpc>
  readonly #closing = new AbortController()
  #client: Client | null = null

  constructor(options: KubeletOptions) {
    this.#options = options
    this.#grpc = loadGrpc()
    // Told by the first reading.
    this.#grpc.catch(() => {})
  }

  async read(): Promise<KubeletAnswer> {
    try {
      const state = await withDeadline(this.#options.clock, DEADLINE_MS, (signal) =>
        this.#ask(AbortSignal.any([signal, this.#closing.signal])),
      )
      return { status: 'ok', ...state }
    } catch (error) {
      this.#drop()
      return { status: 'failed', sentence: await this.#sentenceOf(error) }
    }
  }

  close(): void {
    this.#closing.abort()
    this.#drop()
  }

  async #ask(signal: AbortSignal): Promise<KubeletState> {
    const grpc = await this.#grpc
    signal.throwIfAborted()
    this.#client ??= grpc.connect(this.#options.socketPath)
    const given = this.#givenOf(await call(this.#client, grpc.list, signal))
    const allocatable = await this.#askAllocatable(this.#client, grpc.allocatable, signal)
    return { given, allocatable }
  }

  /** Kubelets before 1.23 do not know the question, or refuse it where a gate is off. */
  async #askAllocatable(client: Client, method: UnaryMethod, signal: AbortSignal) {
    try {
      const { devices } = allocatableResponse.parse(await call(client, method, signal))
      return devices.flatMap(({ resource_name, device_ids }) =>
        this.#devicesOf(resource_name, device_ids),
      )
    } catch (error) {
      const code = statusOf(error)
      if (code === STATUS.unimplemented || code === STATUS.unknown) return null
      throw error
    }
  }

  #givenOf(response: object): KubeletState['given'] {
    const { bankNamespace } = this.#options
    return listResponse.parse(response).pod_resources.flatMap(({ namespace, containers }) => {
      const toBank = bankNamespace !== null && namespace === bankNamespace
      return containers.flatMap(({ devices, dynamic_resources }) => {
        const claimed = dynamic_resources.flatMap(({ claim_resources }) => claim_resources)
        return [
          ...devices.flatMap((one) => this.#devicesOf(one.resource_name, one.device_ids)),
          ...claimed.flatMap((one) => this.#devicesOf(one.driver_name, [one.device_name])),
        ].map((device) => ({ ...device, toBank }))
      })
    })
  }

  #devicesOf(resource: string, ids: readonly string[]) {
    const known = this.#options.resourceOf(resource)
    return known === null ? [] : ids.map((id) => ({ resource, id, ...known }))
  }

  #drop(): void {
    this.#client?.close()
    this.#client = null
  }

  async #sentenceOf(error: unknown): Promise<string> {
    const { socketPath } = this.#options
    const problem = await problemOfSocket(socketPath)
    if (problem !== null) return problem
    if (error instanceof DeadlineError) {
      return `The kubelet has not answered on ${socketPath} within ${DEADLINE_MS / 1000} s: look at its service and its log.`
    }
    const code = statusOf(error)
    if (code === null) return `The kubelet cannot be asked: ${errorSentence(error)}.`
    return SENTENCES.get(code)?.(socketPath) ?? OTHER(socketPath, code)
  }
}

/** Numbers of gRPC's status codes (statuscodes.md of grpc/grpc). */
const STATUS = {
  unknown: 2,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
}

const SENTENCES: ReadonlyMap<number, (socketPath: string) => string> = new Map([
  [
    STATUS.unavailable,
    (path) => `Nobody answers on ${path}: the kubelet is stopped or starting; look at its service.`,
  ],
  [
    STATUS.unimplemented,
    (path) =>
      `What answers on ${path} does not speak the pod-resources API v1: use Kubernetes 1.20 or later, and the kubelet's own socket.`,
  ],
  [
    STATUS.resourceExhausted,
    (path) =>
      `The kubelet on ${path} answers more than ${MESSAGE_BYTES_MAX / 1024 ** 2} MiB or limits its callers; see who else asks it, and which plugin lists that many devices.`,
  ],
  [
    STATUS.internal,
    (path) => `What answers on ${path} cannot be read: check owner.kubernetes.socket.`,
  ],
])

const OTHER = (path: string, code: number) =>
  `The kubelet on ${path} refuses the question (gRPC status ${code}): look at its log.`

/** What the system says against the socket; the library's own words are not for people. */
function problemOfSocket(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    // A local connection is made or refused at once, by the rights this process really has.
    const socket = connect(path, () => {
      socket.destroy()
      resolve(null)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve(SOCKET_SENTENCES[error.code ?? '']?.(path) ?? null)
    })
  })
}

const MISSING = (path: string) =>
  `There is no kubelet socket ${path}: start the kubelet, or say where it is in owner.kubernetes.socket.`
const DENIED = (path: string) =>
  `The kubelet's socket ${path} may not be opened by this user: run the agent as root.`

const SOCKET_SENTENCES: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: MISSING,
  ENOTDIR: MISSING,
  EACCES: DENIED,
  EPERM: DENIED,
}

function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'number' ? error.code : null
}

function call(client: Client, method: UnaryMethod, signal: AbortSignal): Promise<object> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const onAnswer = (error: ServiceError | null, response?: object) => {
      if (error === null && response !== undefined) resolve(response)
      else reject(error)
    }
    const { path, requestSerialize, responseDeserialize } = method
    const pending = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {},
      onAnswer,
    )
    signal.addEventListener('abort', () => pending.cancel(), { once: true })
  })
}

async function loadGrpc(): Promise<Grpc> {
  const [{ Client, credentials }, { fromJSON }] = await Promise.all([
    import('@grpc/grpc-js'),
    import('@grpc/proto-loader'),
  ])
  const definition = fromJSON(POD_RESOURCES_PROTO, { keepCase: true, defaults: true })
  const service = definition[POD_RESOURCES_SERVICE]
  assert(service !== undefined && !('format' in service), 'the description has the service')
  const { List: list, GetAllocatableResources: allocatable } = service
  assert(list !== undefined && allocatable !== undefined, 'the service has both methods')
  const connect = (socketPath: string) =>
    new Client(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
    })
  return { connect, list, allocatable }
}
