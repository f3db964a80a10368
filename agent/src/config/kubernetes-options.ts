/**
 * The options of `owner.kind: kubernetes`, and how they become what the owner probe takes. Options
 * that only make sense together are checked here too.
 */
import { hostname } from 'node:os'
import type { KubernetesOwnerOptions } from '../owners/kubernetes.ts'
import type { ResourceRule } from '../owners/kubernetes-resources.ts'
import type { Option } from './options.ts'
import { durationOption, textOption, yamlOption } from './options.ts'
import { kubernetesResources, listOf, text } from './schemas.ts'

const PATH = { unit: 'path', range: '-' } as const

export const KUBERNETES_OPTIONS = {
  kubernetesSocket: textOption(
    {
      name: 'owner.kubernetes.socket',
      sentence: "The kubelet's pod-resources socket.",
    },
    '/var/lib/kubelet/pod-resources/kubelet.sock',
    text,
    PATH,
  ),
  kubernetesPeriod: durationOption(
    {
      name: 'owner.kubernetes.period',
      sentence: 'For so long one answer of the kubelet serves.',
    },
    5,
    's',
    { min: '1s', max: '60s' },
  ),
  kubernetesBankNamespace: textOption(
    {
      name: 'owner.kubernetes.bank_namespace',
      sentence: "Namespace of the bank's own pods: what they are given is the bank's.",
    },
    null,
    text,
    { unit: 'name', range: '-' },
  ),
  kubernetesResources: yamlOption<readonly ResourceRule[]>(
    {
      name: 'owner.kubernetes.resources',
      sentence: 'Resources of device plugins (or DRA drivers) that are read otherwise than usual.',
    },
    [],
    kubernetesResources,
    { unit: 'list of resources', range: 'name, vendor or ignore, ids: exact or substituted' },
  ),
  kubernetesKubeconfig: textOption(
    {
      name: 'owner.kubernetes.kubeconfig',
      sentence: 'Kubeconfig to read this node with; without it a cordon is not seen.',
    },
    null,
    text,
    PATH,
  ),
  kubernetesNodeName: textOption(
    {
      name: 'owner.kubernetes.node_name',
      sentence: 'What the cluster calls this node; the host name when nothing is set here.',
    },
    null,
    text,
    { unit: 'name', range: '-' },
  ),
  kubernetesApiPeriod: durationOption(
    {
      name: 'owner.kubernetes.api_period',
      sentence: 'Least time between two questions to the API server.',
    },
    15,
    's',
    { min: '1s', max: '5min' },
  ),
  kubernetesMaintenanceTaints: yamlOption<readonly string[]>(
    {
      name: 'owner.kubernetes.maintenance_taints',
      sentence: 'Keys of the taints by which a node is marked as in maintenance.',
    },
    ['node.kubernetes.io/out-of-service'],
    listOf(text),
    {
      unit: 'list of taint keys',
      range: 'at most 64',
      defaultText: '[node.kubernetes.io/out-of-service]',
    },
  ),
} as const

/** They ask the API server, which only `kubeconfig` makes possible. */
const API_OPTIONS = [
  KUBERNETES_OPTIONS.kubernetesNodeName,
  KUBERNETES_OPTIONS.kubernetesApiPeriod,
  KUBERNETES_OPTIONS.kubernetesMaintenanceTaints,
]

type Get = <T>(option: Option<T>) => T
/** Whether an option says something else than its default. */
type IsSet = (option: Option<unknown>) => boolean

export function kubernetesOwnerOptions(get: Get): KubernetesOwnerOptions {
  const kubeconfig = get(KUBERNETES_OPTIONS.kubernetesKubeconfig)
  const apiServer = {
    // Kubelets take the host name in lower case unless told otherwise.
    nodeName: get(KUBERNETES_OPTIONS.kubernetesNodeName) ?? hostname().toLowerCase(),
    periodMs: get(KUBERNETES_OPTIONS.kubernetesApiPeriod),
    maintenanceTaints: get(KUBERNETES_OPTIONS.kubernetesMaintenanceTaints),
  }
  return {
    socketPath: get(KUBERNETES_OPTIONS.kubernetesSocket),
    periodMs: get(KUBERNETES_OPTIONS.kubernetesPeriod),
    bankNamespace: get(KUBERNETES_OPTIONS.kubernetesBankNamespace),
    resources: get(KUBERNETES_OPTIONS.kubernetesResources),
    apiServer: kubeconfig === null ? null : { kubeconfig, ...apiServer },
  }
}

/** Sentences about options that are set and have no effect. */
export function kubernetesContradictions(kind: string, isSet: IsSet): string[] {
  const set = Object.values(KUBERNETES_OPTIONS).filter(isSet)
  if (kind !== 'kubernetes') {
    return set.map(({ name }) => `${name} is for owner.kind "kubernetes", which is "${kind}"`)
  }
  if (isSet(KUBERNETES_OPTIONS.kubernetesKubeconfig)) return []
  return API_OPTIONS.filter(isSet).map(
    ({ name }) => `${name} needs owner.kubernetes.kubeconfig: nothing else asks the API server`,
  )
}
