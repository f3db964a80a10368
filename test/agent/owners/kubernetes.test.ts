/** The Kubernetes owner against a real gRPC server that speaks the kubelet's own proto. */
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createLogger, type Logger, silentLogger } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createKubernetesOwner,
  type KubernetesOwner,
  type KubernetesOwnerOptions,
} from '../../../agent/src/owners/kubernetes.ts'
import type { OwnedUnit, Possession } from '../../../agent/src/owners/owner.ts'
import { FakeApiServer } from '../../support/api-server.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeKubelet, GRPC_STATUS, POD_NAME } from '../../support/kubelet.ts'
import { tempDir } from '../../support/temp-dir.ts'

const ONE = 'GPU-11111111-1111-1111-1111-111111111111'
const TWO = 'GPU-22222222-2222-2222-2222-222222222222'
const GPU = 'nvidia.com/gpu'

function unit(key: string, overrides: Partial<OwnedUnit> = {}): OwnedUnit {
  return {
    key,
    parentKey: null,
    vendor: 'nvidia',
    pciAddress: null,
    deviceFile: null,
    ids: [key],
    ...overrides,
  }
}

const UNITS = [unit(ONE), unit(TWO)]

interface Rig {
  readonly owner: KubernetesOwner
  readonly clock: FakeClock
  ask(units?: readonly OwnedUnit[]): Promise<(Possession | undefined)[]>
}

function rig(
  socketPath: string,
  options: Partial<KubernetesOwnerOptions> = {},
  context: { readonly log?: Logger; readonly rootPrefix?: string } = {},
): Rig {
  const clock = new FakeClock()
  const owner = createKubernetesOwner(
    {
      socketPath,
      periodMs: 5_000,
      bankNamespace: null,
      resources: [],
      apiServer: null,
      ...options,
    },
    { clock, log: context.log ?? silentLogger, rootPrefix: context.rootPrefix ?? '' },
  )
  onTestFinished(() => owner.stop())
  return {
    owner,
    clock,
    ask: async (units = UNITS) => {
      const answer = await owner.possession({ atMs: clock.wallMs(), units })
      return units.map(({ key }) => answer.get(key))
    },
  }
}

const NOBODY = { status: 'nobody' } as const
const GIVEN = { status: 'given', by: 'scheduler', toBank: false } as const
const BANKS = { ...GIVEN, toBank: true } as const
const unproven = (words: RegExp) => ({
  status: 'unproven',
  sentence: expect.stringMatching(words),
})

async function kubeletWith(pods: FakeKubelet['pods']): Promise<FakeKubelet> {
  const kubelet = await FakeKubelet.in(tempDir())
  kubelet.allocatable = { [GPU]: [ONE, TWO] }
  kubelet.pods = pods
  return kubelet
}

describe('what the kubelet says', () => {
  test('a card in a pod is given, the other is nobody’s', async () => {
    const kubelet = await kubeletWith([{}, { devices: { [GPU]: [ONE] } }])
    expect(await rig(kubelet.socketPath).ask()).toEqual([GIVEN, NOBODY])
  })

  test('a card no device plugin manages is unproven', async () => {
    const kubelet = await kubeletWith([])
    kubelet.allocatable = { [GPU]: [ONE] }
    expect(await rig(kubelet.socketPath).ask()).toEqual([NOBODY, unproven(/no device plugin/)])
  })

  test('pods of the bank’s namespace have it for the bank', async () => {
    const kubelet = await kubeletWith([
      { namespace: 'compute-bank', devices: { [GPU]: [ONE] } },
      { namespace: 'compute-bank-2', devices: { [GPU]: [TWO] } },
    ])
    const { ask } = rig(kubelet.socketPath, { bankNamespace: 'compute-bank' })
    expect(await ask()).toEqual([BANKS, GIVEN])
  })

  test('a card shared by the bank’s pod and another’s is not the bank’s', async () => {
    const kubelet = await kubeletWith([
      { namespace: 'bank', devices: { [GPU]: [`${ONE}::0`] } },
      { namespace: 'other', devices: { [GPU]: [`${ONE}::1`] } },
    ])
    const { ask } = rig(kubelet.socketPath, { bankNamespace: 'bank' })
    expect(await ask()).toEqual([GIVEN, NOBODY])
  })

  test('a claimed device is given as one of a device plugin is', async () => {
    const kubelet = await kubeletWith([
      { claims: { 'gpu.nvidia.com': ['gpu-1'], 'dra.net': ['eth1'] } },
    ])
    const units = [
      unit(ONE, { deviceFile: '/dev/nvidia0' }),
      unit(TWO, { deviceFile: '/dev/nvidia1' }),
    ]
    expect(await rig(kubelet.socketPath).ask(units)).toEqual([NOBODY, GIVEN])
  })

  test('a claimed device that fits no card leaves every other unproven', async () => {
    const kubelet = await kubeletWith([{ claims: { 'gpu.nvidia.com': ['gpu-7'] } }])
    const sentence = unproven(/gpu\.nvidia\.com that fits no card/)
    expect(await rig(kubelet.socketPath).ask()).toEqual([sentence, sentence])
  })

  test('Intel’s DRM names are looked up in the kernel', async () => {
    const root = tempDir()
    mkdirSync(join(root, 'sys/bus/pci/devices/0000:03:00.0/drm/card1'), { recursive: true })
    mkdirSync(join(root, 'sys/bus/pci/devices/0000:04:00.0/drm/card2'), { recursive: true })
    const kubelet = await kubeletWith([{ devices: { 'gpu.intel.com/xe': ['card2-0'] } }])
    kubelet.allocatable = { 'gpu.intel.com/xe': ['card1-0', 'card2-0'] }
    const units = ['0000:03:00.0', '0000:04:00.0', '0000:05:00.0'].map((pciAddress) =>
      unit(pciAddress, { vendor: 'intel', pciAddress, ids: [] }),
    )
    const { ask } = rig(kubelet.socketPath, {}, { rootPrefix: root })
    expect(await ask(units)).toEqual([NOBODY, GIVEN, unproven(/no device plugin/)])
  })

  test('names of pods leave neither in answers nor in logs', async () => {
    const lines: string[] = []
    const log = createLogger('debug', { write: (line) => lines.push(line) })
    const kubelet = await kubeletWith([{ devices: { [GPU]: ['GPU-unknown', ONE] } }])
    const { owner, clock, ask } = rig(kubelet.socketPath, {}, { log })
    const answers = [await ask()]
    kubelet.onList = (reply) => reply({ code: GRPC_STATUS.INTERNAL, details: POD_NAME })
    await clock.run(5_000)
    answers.push(await ask())
    expect(answers).toMatchObject([
      [GIVEN, { status: 'unproven' }],
      [{}, { status: 'unproven' }],
    ])
    expect(lines).not.toEqual([])
    expect(JSON.stringify([answers, lines, owner.problems])).not.toContain(POD_NAME)
  })
})

describe('how often it is asked', () => {
  test('vendors that ask in one round share one answer', async () => {
    const kubelet = await kubeletWith([])
    const { ask, clock } = rig(kubelet.socketPath)
    await Promise.all([ask(), ask([unit('x', { vendor: 'ascend' })])])
    await clock.run(4_999)
    await ask()
    expect(kubelet.asked).toEqual(['List', 'GetAllocatableResources'])
    await clock.run(1)
    await ask()
    expect(kubelet.listCount).toBe(2)
  })

  test('a failure is not asked about more often than an answer', async () => {
    const kubelet = await kubeletWith([])
    kubelet.onList = (reply) => reply({ code: GRPC_STATUS.INTERNAL, details: '' })
    const { ask } = rig(kubelet.socketPath)
    await ask()
    await ask()
    expect(kubelet.listCount).toBe(1)
  })

  test('while one question hangs no other is sent', async () => {
    const kubelet = await kubeletWith([])
    const listed = Promise.withResolvers<void>()
    kubelet.onList = () => listed.resolve()
    const { ask, clock } = rig(kubelet.socketPath, { periodMs: 1_000 })
    const first = ask()
    await listed.promise
    await clock.run(1_400)
    const second = ask()
    await clock.run(100)
    expect(await first).toEqual([unproven(/within 1\.5 s/), unproven(/within 1\.5 s/)])
    expect(await second).toEqual(await first)
    expect(kubelet.listCount).toBe(1)
  })
})

describe('once stopped', () => {
  test('a question under way ends, and no other is sent', async () => {
    const kubelet = await kubeletWith([])
    const listed = Promise.withResolvers<void>()
    kubelet.onList = () => listed.resolve()
    const { ask, owner, clock } = rig(kubelet.socketPath)
    const asked = ask()
    await listed.promise
    await owner.stop()
    expect(await asked).toMatchObject([{ status: 'unproven' }, { status: 'unproven' }])
    await clock.run(5_000)
    expect(await ask()).toMatchObject([{ status: 'unproven' }, { status: 'unproven' }])
    expect(kubelet.listCount).toBe(1)
    expect(clock.pendingTimers()).toBe(0)
  })
})

describe('a kubelet that restarts', () => {
  test('is found again behind its new socket', async () => {
    const folder = tempDir()
    const kubelet = await FakeKubelet.in(folder)
    kubelet.allocatable = { [GPU]: [ONE, TWO] }
    const { ask, clock, owner } = rig(kubelet.socketPath)
    expect(await ask()).toEqual([NOBODY, NOBODY])
    kubelet.stop()
    await clock.run(5_000)
    expect(await ask()).toEqual([unproven(/no kubelet socket/), unproven(/no kubelet socket/)])
    expect(owner.problems).toEqual([expect.stringMatching(/owner\.kubernetes\.socket/)])
    const next = await FakeKubelet.in(folder)
    next.allocatable = { [GPU]: [ONE, TWO] }
    next.pods = [{ devices: { [GPU]: [TWO] } }]
    await clock.run(5_000)
    expect(await ask()).toEqual([NOBODY, GIVEN])
    expect(owner.problems).toEqual([])
  })

  test('is told once when it goes and once when it comes back', async () => {
    const lines: string[] = []
    const log = createLogger('info', { write: (line) => lines.push(JSON.parse(line).msg) })
    const kubelet = await kubeletWith([])
    const { ask, clock } = rig(kubelet.socketPath, {}, { log })
    await ask()
    kubelet.stop()
    for (const _ of [1, 2, 3]) {
      await clock.run(5_000)
      await ask()
    }
    await kubelet.start()
    await clock.run(5_000)
    await ask()
    expect(lines).toEqual(['possession cannot be told', 'possession can be told again'])
  })
})

describe('a kubelet that cannot be understood leaves possession unproven, and says what to do', () => {
  const fail = (code: number) => (reply: (error: { code: number; details: string }) => void) =>
    reply({ code, details: 'words of the server' })

  test.each<[string, (kubelet: FakeKubelet) => void, RegExp]>([
    [
      'no pod-resources API',
      (kubelet) => (kubelet.onList = fail(GRPC_STATUS.UNIMPLEMENTED)),
      /Kubernetes 1\.20 or later/,
    ],
    [
      'too many questions',
      (kubelet) => (kubelet.onList = fail(GRPC_STATUS.RESOURCE_EXHAUSTED)),
      /limits its callers/,
    ],
    [
      'a refusal',
      (kubelet) => (kubelet.onList = fail(GRPC_STATUS.PERMISSION_DENIED)),
      /gRPC status 7/,
    ],
    [
      'allocatable devices that cannot be told just now',
      (kubelet) => (kubelet.onAllocatable = fail(GRPC_STATUS.INTERNAL)),
      /cannot be read/,
    ],
    [
      'a huge answer',
      (kubelet) => {
        kubelet.pods = [{ devices: { 'x.com/y': [`${'x'.repeat(17 * 1024 * 1024)}`] } }]
      },
      /more than 16 MiB/,
    ],
  ])('%s', async (_name, provoke, words) => {
    const kubelet = await kubeletWith([])
    provoke(kubelet)
    expect(await rig(kubelet.socketPath).ask()).toEqual([unproven(words), unproven(words)])
  })

  test.each([
    ['UNIMPLEMENTED', GRPC_STATUS.UNIMPLEMENTED],
    ['UNKNOWN, of a gate that is off', GRPC_STATUS.UNKNOWN],
  ])('allocatable devices not told (%s): what is given still is', async (_name, code) => {
    const kubelet = await kubeletWith([{ devices: { [GPU]: [ONE] } }])
    kubelet.onAllocatable = fail(code)
    expect(await rig(kubelet.socketPath).ask()).toEqual([GIVEN, unproven(/1\.23 or later/)])
  })

  test('many devices within the limit are read', async () => {
    const kubelet = await kubeletWith([{ devices: { [GPU]: [ONE] } }])
    const replicas = Array.from({ length: 50_000 }, (_, at) => `${TWO}::${at}`)
    kubelet.allocatable = { [GPU]: [ONE, ...replicas] }
    expect(await rig(kubelet.socketPath).ask()).toEqual([GIVEN, NOBODY])
  })

  test('no socket at all', async () => {
    const path = join(tempDir(), 'kubelet.sock')
    expect(await rig(path).ask()).toEqual([
      unproven(/no kubelet socket .*kubelet\.sock/),
      unproven(/owner\.kubernetes\.socket/),
    ])
  })

  test('a socket nobody listens on', async () => {
    const path = join(tempDir(), 'kubelet.sock')
    writeFileSync(path, '')
    const words = unproven(/stopped or starting/)
    expect(await rig(path).ask()).toEqual([words, words])
  })

  test('a socket this user may not open', async () => {
    const folder = tempDir()
    const kubelet = await FakeKubelet.in(folder)
    chmodSync(folder, 0o700)
    asNobody(() => chmodSync(folder, 0o000))
    const words = unproven(/run the agent as root/)
    expect(await rig(kubelet.socketPath).ask()).toEqual([words, words])
  })

  test.each<[string, (socket: import('node:net').Socket) => void]>([
    ['garbage', (socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'.repeat(100))],
    ['a line cut at once', (socket) => void socket.destroy()],
  ])('%s instead of gRPC', async (_name, behave) => {
    const path = join(tempDir(), 'kubelet.sock')
    const server = createServer((socket) => {
      socket.on('error', () => {})
      behave(socket)
    })
    server.listen(path)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const words = { status: 'unproven' }
    expect(await rig(path).ask()).toMatchObject([words, words])
  })

  test('a listener that never says a word', async () => {
    const path = join(tempDir(), 'kubelet.sock')
    const connected = Promise.withResolvers<void>()
    const server = createServer((socket) => {
      onTestFinished(() => void socket.destroy())
      socket.on('error', () => {})
      connected.resolve()
    })
    server.listen(path)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { ask, clock } = rig(path)
    const asked = ask()
    await connected.promise
    await clock.run(1_500)
    expect(await asked).toEqual([unproven(/within 1\.5 s/), unproven(/within 1\.5 s/)])
    expect(clock.pendingTimers()).toBe(0)
  })
})

describe('with the API server', () => {
  async function withApi(pods: FakeKubelet['pods'] = [], spec: object = {}) {
    const kubelet = await kubeletWith(pods)
    const api = await FakeApiServer.start()
    api.spec = spec
    const apiServer = {
      kubeconfig: api.kubeconfig(tempDir()),
      nodeName: 'node-1',
      periodMs: 15_000,
      maintenanceTaints: ['node.kubernetes.io/out-of-service'],
    }
    return { kubelet, api, ...rig(kubelet.socketPath, { apiServer }) }
  }
  const DRAINED = { status: 'withdrawn', cause: 'drained' }

  test('a node in service changes nothing', async () => {
    const { ask, api } = await withApi([{ devices: { [GPU]: [ONE] } }])
    expect(await ask()).toEqual([GIVEN, NOBODY])
    expect(api.asked).toEqual(['GET /api/v1/nodes/node-1'])
  })

  test('a cordoned node is withdrawn, except for what a pod still holds', async () => {
    const { ask } = await withApi([{ devices: { [GPU]: [ONE] } }], { unschedulable: true })
    expect(await ask()).toEqual([GIVEN, DRAINED])
  })

  test('a cordon is known with the kubelet silent', async () => {
    const { ask, kubelet } = await withApi([], { unschedulable: true })
    kubelet.stop()
    expect(await ask()).toEqual([DRAINED, DRAINED])
  })

  test('a silent API server proves nobody’s possession of nothing, and what is given stays', async () => {
    const { ask, api, owner } = await withApi([{ devices: { [GPU]: [ONE] } }])
    api.reply = { statusCode: 503, body: '' }
    expect(await ask()).toEqual([GIVEN, unproven(/HTTP 503/)])
    expect(owner.problems).toEqual([expect.stringMatching(/HTTP 503/)])
  })

  test('is asked every 15 s at most', async () => {
    const { ask, api, clock, kubelet } = await withApi()
    for (const _ of [0, 5, 10]) {
      await ask()
      await clock.run(5_000)
    }
    expect([api.asked.length, kubelet.listCount]).toEqual([1, 3])
    await ask()
    expect(api.asked.length).toBe(2)
  })
})

/** Root may open everything, so the test takes another user's eyes until it is over. */
function asNobody(hide: () => void): void {
  const { geteuid, seteuid } = process
  hide()
  if (geteuid === undefined || seteuid === undefined || geteuid() !== 0) return
  seteuid(65_534)
  onTestFinished(() => seteuid(0))
}
