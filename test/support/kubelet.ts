/**
 * A kubelet's pod-resources socket: a real gRPC server that speaks the whole of the real proto over
 * a Unix socket. What its pods have is set by the test; either question can be made to hang, fail
 * or answer anything.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Server, ServerCredentials, type ServiceDefinition, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { onTestFinished } from 'vitest'

export const GRPC_STATUS = status

const DEFINITION = loadSync(join(import.meta.dirname, 'pod-resources.proto'), { keepCase: true })
const SERVICE = DEFINITION['v1.PodResourcesLister'] as ServiceDefinition

export interface PodOfTest {
  readonly namespace?: string
  /** Device ids by resource name. */
  readonly devices?: Readonly<Record<string, readonly string[]>>
  /** DRA device names by driver. */
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

type Reply = (error: { code: number; details: string } | null, message?: object) => void
type Question = (reply: Reply) => void

/** What a pod is called; must be found in no answer and no log line. */
export const POD_NAME = 'secret-pod-name'

export class FakeKubelet {
  readonly socketPath: string
  pods: readonly PodOfTest[] = []
  allocatable: Readonly<Record<string, readonly string[]>> = {}
  /** Every question so far, by method. */
  readonly asked: string[] = []
  onList: Question = (reply) => reply(null, { pod_resources: this.pods.map(podMessage) })
  onAllocatable: Question = (reply) => reply(null, { devices: devicesMessage(this.allocatable) })
  #server: Server | null = null

  constructor(folder: string) {
    this.socketPath = join(folder, 'kubelet.sock')
  }

  static async in(folder: string): Promise<FakeKubelet> {
    const kubelet = new FakeKubelet(folder)
    await kubelet.start()
    onTestFinished(() => kubelet.stop())
    return kubelet
  }

  get listCount(): number {
    return this.asked.filter((method) => method === 'List').length
  }

  start(): Promise<void> {
    const server = new Server({ 'grpc.max_send_message_length': -1 })
    server.addService(SERVICE, {
      List: (_call: unknown, reply: Reply) => {
        this.asked.push('List')
        this.onList(reply)
      },
      GetAllocatableResources: (_call: unknown, reply: Reply) => {
        this.asked.push('GetAllocatableResources')
        this.onAllocatable(reply)
      },
      Get: (_call: unknown, reply: Reply) => reply({ code: status.UNIMPLEMENTED, details: '' }),
    })
    this.#server = server
    return new Promise((resolve, reject) => {
      server.bindAsync(`unix:${this.socketPath}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      )
    })
  }

  /** As when the process dies: every connection is cut and the socket file is gone. */
  stop(): void {
    this.#server?.forceShutdown()
    this.#server = null
    rmSync(this.socketPath, { force: true })
  }
}

function podMessage({ namespace = 'default', devices = {}, claims = {} }: PodOfTest): object {
  return {
    name: POD_NAME,
    namespace,
    cpu_ids: [1, 2],
    containers: [
      { name: 'sidecar', cpu_ids: [3], memory: [{ memory_type: 'memory', size: 1024 }] },
      {
        name: 'main',
        devices: devicesMessage(devices),
        dynamic_resources: Object.entries(claims).map(([driver, names]) => ({
          claim_name: 'claim',
          claim_namespace: namespace,
          claim_resources: names.map((name) => ({
            cdi_devices: [{ name: `k8s.${driver}/device=${name}` }],
            driver_name: driver,
            pool_name: 'node-1',
            device_name: name,
            share_id: 'share',
          })),
        })),
      },
    ],
  }
}

function devicesMessage(devices: Readonly<Record<string, readonly string[]>>): object[] {
  return Object.entries(devices).map(([resource_name, device_ids]) => ({
    resource_name,
    device_ids,
    topology: { nodes: [{ ID: 0 }] },
  }))
}
