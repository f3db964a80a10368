/**
 * `kubernetes`: the kubelet of this node tells which devices its pods have been given. Configured
 * and silent, it proves nothing: possession is unproven, with a sentence that says what to do. Where
 * a kubeconfig is given, the API server tells in addition that the node is cordoned or in
 * maintenance; without one that is not seen.
 *
 * What a pod holds stays given on a cordoned node, because a cordon only keeps new pods away; the
 * rest of the node is withdrawn. No pod's name is read.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type KubeletAnswer, KubeletReader } from './kubernetes-kubelet.ts'
import { type NodeAnswer, readNode } from './kubernetes-node.ts'
import { possessionsByKubelet } from './kubernetes-possession.ts'
import { type ResourceRule, resourceOf } from './kubernetes-resources.ts'
import type { OwnedUnit, OwnerContext, OwnerProbe, OwnerQuery, Possession } from './owner.ts'
import { Polled } from './polled.ts'
import { sameForAll } from './same-for-all.ts'

export interface KubernetesOwnerOptions {
  readonly socketPath: string
  /** For so long one answer of the kubelet serves. */
  readonly periodMs: number
  /** The bank's own pods run there; `null`: nowhere. */
  readonly bankNamespace: string | null
  /** Stronger than what is known of resource names. */
  readonly resources: readonly ResourceRule[]
  /** `null`: cordons are not seen. */
  readonly apiServer: {
    readonly kubeconfig: string
    readonly nodeName: string
    readonly periodMs: number
    readonly maintenanceTaints: readonly string[]
  } | null
}

export interface KubernetesOwner extends OwnerProbe {
  readonly kind: 'kubernetes'
  /** What stood in the way of the last answers, for people; empty when nothing did. */
  readonly problems: readonly string[]
}

export function createKubernetesOwner(
  options: KubernetesOwnerOptions,
  context: Pick<OwnerContext, 'clock' | 'log' | 'rootPrefix'>,
): KubernetesOwner {
  const { clock, rootPrefix } = context
  const { socketPath, periodMs, bankNamespace, resources, apiServer } = options
  const log = context.log.child({ component: 'kubernetes-owner' })
  const reader = new KubeletReader({
    clock,
    socketPath,
    bankNamespace,
    resourceOf: (name) => resourceOf(name, resources),
  })
  const kubelet = new Polled({ clock, periodMs, read: () => reader.read() })
  const node =
    apiServer === null
      ? null
      : new Polled({
          clock,
          periodMs: apiServer.periodMs,
          read: () => readNode({ clock, ...apiServer }),
        })
  let problems: readonly string[] = []

  /** Each problem is told when it begins, and its end once. */
  function tell(now: readonly string[]): void {
    for (const problem of now) {
      if (!problems.includes(problem)) log.warn({ problem }, 'possession cannot be told')
    }
    if (now.length === 0 && problems.length > 0) log.info({}, 'possession can be told again')
    problems = now
  }

  return {
    kind: 'kubernetes',
    get problems() {
      return problems
    },
    async possession(query) {
      const kubelets = query.isFresh === true ? kubelet.getFresh() : kubelet.get()
      const [given, service] = await Promise.all([kubelets, node?.get() ?? null])
      tell([given, service].flatMap((one) => (one?.status === 'failed' ? [one.sentence] : [])))
      const byKubelet = possessionsOf(query, given, rootPrefix)
      return new Map([...byKubelet].map(([key, one]) => [key, inService(one, service)]))
    },
    stop: async () => reader.close(),
  }
}

function possessionsOf(
  query: OwnerQuery,
  answer: KubeletAnswer,
  rootPrefix: string,
): Map<string, Possession> {
  if (answer.status === 'failed') {
    return sameForAll(query, { status: 'unproven', sentence: answer.sentence })
  }
  return possessionsByKubelet(query.units, answer, (unit) => drmNodesOf(unit, rootPrefix))
}

/** `null`: nobody is asked whether the node is in service. */
function inService(possession: Possession, node: NodeAnswer | null): Possession {
  if (node === null || node.status === 'in_service' || possession.status === 'given') {
    return possession
  }
  if (node.status === 'withdrawn') return { status: 'withdrawn', cause: node.cause }
  return possession.status === 'nobody'
    ? { status: 'unproven', sentence: node.sentence }
    : possession
}

/** Intel's plugin names cards by DRM node (`card0`), which the kernel alone ties to an address. */
function drmNodesOf({ vendor, pciAddress }: OwnedUnit, rootPrefix: string): string[] {
  if (vendor !== 'intel' || pciAddress === null) return []
  try {
    const nodes = readdirSync(join(rootPrefix || '/', 'sys/bus/pci/devices', pciAddress, 'drm'))
    return nodes.filter((node) => /^card\d+$/.test(node)).map((node) => `dri/${node}`)
  } catch {
    // No driver is bound: then no plugin has the card either.
    return []
  }
}
