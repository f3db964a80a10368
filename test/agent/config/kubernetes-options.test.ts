import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../agent/src/config.ts'
import { tempDir } from '../../support/temp-dir.ts'

function ownerOf(lines: string) {
  const file = join(tempDir(), 'agent.yaml')
  writeFileSync(file, `owner:\n  kind: kubernetes\n  kubernetes: ${lines}`)
  return loadConfig({ file, environment: {} }).owner
}

function refusalOf(yaml: string): string {
  const file = join(tempDir(), 'agent.yaml')
  writeFileSync(file, yaml)
  try {
    loadConfig({ file, environment: {} })
  } catch (error) {
    if (error instanceof AppError) return error.message
    throw error
  }
  throw new Error('the configuration was not refused')
}

describe('owner.kind: kubernetes', () => {
  test('needs nothing more', () => {
    expect(ownerOf('{}')).toEqual({
      kind: 'kubernetes',
      socketPath: '/var/lib/kubelet/pod-resources/kubelet.sock',
      periodMs: 5_000,
      bankNamespace: null,
      resources: [],
      apiServer: null,
    })
  })

  test('with a kubeconfig asks for the node of this host’s name', () => {
    expect(ownerOf('{ kubeconfig: /etc/kubernetes/kubelet.conf }')).toMatchObject({
      apiServer: {
        kubeconfig: '/etc/kubernetes/kubelet.conf',
        nodeName: hostname().toLowerCase(),
        periodMs: 15_000,
        maintenanceTaints: ['node.kubernetes.io/out-of-service'],
      },
    })
  })

  test('takes everything else', () => {
    const owner = ownerOf(`
    socket: /run/kubelet.sock
    period: 1s
    bank_namespace: compute-bank
    kubeconfig: /etc/kubelet.conf
    node_name: gpu-7.example
    api_period: 1min
    maintenance_taints: [example.org/repair]
    resources:
      - { name: huawei.com/Ascend910, vendor: ascend }
      - { name: example.org/*, vendor: nvidia, ids: substituted }
      - { name: nvidia.com/fabric, ignore: true }
`)
    expect(owner).toEqual({
      kind: 'kubernetes',
      socketPath: '/run/kubelet.sock',
      periodMs: 1_000,
      bankNamespace: 'compute-bank',
      resources: [
        { name: 'huawei.com/Ascend910', vendor: 'ascend', ids: 'exact' },
        { name: 'example.org/*', vendor: 'nvidia', ids: 'substituted' },
        { name: 'nvidia.com/fabric', vendor: null, ids: 'exact' },
      ],
      apiServer: {
        kubeconfig: '/etc/kubelet.conf',
        nodeName: 'gpu-7.example',
        periodMs: 60_000,
        maintenanceTaints: ['example.org/repair'],
      },
    })
  })
})

describe('what is refused', () => {
  const resources = (row: string) =>
    `owner: { kind: kubernetes, kubernetes: { resources: [${row}] } }`
  test.each<[string, string, string]>([
    [
      'an option of another owner',
      'owner: { kind: none, kubernetes: { period: 6s } }',
      'owner.kubernetes.period is for owner.kind "kubernetes", which is "none"',
    ],
    [
      'a node name nobody asks for',
      'owner: { kind: kubernetes, kubernetes: { node_name: a } }',
      'owner.kubernetes.node_name needs owner.kubernetes.kubeconfig',
    ],
    [
      'a period below a second',
      'owner: { kind: kubernetes, kubernetes: { period: 500ms } }',
      'owner.kubernetes.period is 500ms, outside 1s to 60s',
    ],
    [
      'a resource that says nothing',
      resources('{ name: a.b/c }'),
      'owner.kubernetes.resources[0] needs either a vendor or ignore: true',
    ],
    [
      'a resource that says both',
      resources('{ name: a.b/c, vendor: amd, ignore: true }'),
      'owner.kubernetes.resources[0] needs either a vendor or ignore: true',
    ],
    [
      'an unknown vendor',
      resources('{ name: a.b/c, vendor: nvidai }'),
      'owner.kubernetes.resources[0].vendor is "nvidai" (did you mean "nvidia"?)',
    ],
    [
      'an unknown key',
      resources('{ name: a.b/c, vendor: amd, id: exact }'),
      'owner.kubernetes.resources[0] has the unknown key "id" (did you mean "ids"?)',
    ],
    [
      'a calendar',
      'owner: { kind: kubernetes, calendar: always }',
      'owner.calendar is for owner.kind "contract"',
    ],
  ])('%s', (_name, yaml, words) => {
    expect(refusalOf(yaml)).toContain(words)
  })
})
