/**
 * `yiben-agent run`: the daemon on a real node. Opens the state folder, composes the agent of the
 * real parts, serves local control, and ends in order when told.
 */
import { createHash } from 'node:crypto'
import {
  AppError,
  aborted,
  type Clock,
  errorSentence,
  KEYS_CAPABILITY,
  LINK_TIMINGS,
  Link,
  type Logger,
  linkUrlOf,
  type NotifyRequest,
  openFileSpool,
  openWithSpace,
  ServiceManager,
  type Timer,
  type World,
} from '@yiben/shared'
import { Agent } from '../agent.ts'
import { LEASES_CAPABILITY } from '../agent-leases.ts'
import type { AgentConfig } from '../config.ts'
import { writeLeases } from '../control/leases-file.ts'
import { ControlServer } from '../control/server.ts'
import { fingerprintHex, fingerprintOf } from '../enrollment.ts'
import { createToolRunner } from '../exec.ts'
import { readHost } from '../host.ts'
import { createHandoverScript, scriptProblem } from '../leases/handover-script.ts'
import { createOwner } from '../owners/registry.ts'
import { readHostFacts } from '../probes/node-facts.ts'
import { readPciAccelerators } from '../probes/pci.ts'
import type { ProbeContext, VendorEntry } from '../probes/probe.ts'
import { VENDOR_ENTRIES } from '../probes/registry.ts'
import { releasePagesFromTimeToTime } from '../resident-pages.ts'
import { type Enrollment, StateDir } from '../state-dir.ts'
import { stopReasonOf } from '../stop-reason.ts'
import { NodeTrust } from '../trust.ts'
import { NodeKeys } from '../trust-keys.ts'
import { TrustOwner } from '../trust-owner.ts'
import { AGENT_VERSION } from '../version.ts'

export interface RunOptions {
  readonly config: AgentConfig
  readonly world: World
  readonly log: Logger
  /** Aborted by SIGTERM and SIGINT. */
  readonly stopSignal: AbortSignal
  /** Where systemd wants to be told how the daemon fares; `null`: nowhere. */
  readonly notifyRequest: NotifyRequest | null
}

export interface RunEnd {
  /** A library call will never come back: only SIGKILL ends this process. */
  readonly isHung: boolean
}

/** Runs until told to stop. Throws `state_missing` where this machine was never enrolled. */
export async function runAgent({
  config,
  world,
  log,
  stopSignal,
  notifyRequest,
}: RunOptions): Promise<RunEnd> {
  const state = StateDir.at(config.stateDir)
  const nodeKeys = state.readKey()
  const enrollment = state.readEnrollment()
  if (nodeKeys === null || enrollment === null) {
    throw new AppError(
      'state_missing',
      `This machine is not enrolled (no key or enrollment in ${config.stateDir}): run \`yiben-agent enroll --collector URL --token TOKEN\` first.`,
    )
  }
  refuseUnsafeScript(config)
  const { rootPrefix } = config.probes
  const host = readHost(rootPrefix)
  const { allowsPlain, proxyUrl } = config.collector
  const collectorUrl = linkUrlOf(config.collector.url ?? enrollment.collectorUrl, allowsPlain)
  if (allowsPlain && collectorUrl.startsWith('ws:')) {
    log.warn({ collector: collectorUrl }, 'collector.allow_plain: others can read along')
  }
  const { collector } = enrollment
  const trust = new NodeTrust({ state, files: config.collector, collector, log })
  const keys = new NodeKeys({
    state,
    keys: nodeKeys,
    collector,
    fingerprintUnder: (publicKey) =>
      fingerprintHex(fingerprintOf(rootPrefix, publicKey, enrollment.fingerprintSource)),
    random: world.random,
    log,
  })
  const { command } = config.handover
  const tools = createToolRunner({ clock: world.clock, toolPath: config.probes.toolPath })
  const spool = await openWithSpace({
    open: () =>
      openFileSpool({
        directory: state.path,
        random: world.random,
        log,
        limits: {
          bytesMax: config.spool.bytesMax,
          unackedAgeMsMax: config.spool.ageMsMax,
          ackedRetentionMs: config.spool.retainMs,
        },
      }),
    clock: world.clock,
    log,
    signal: stopSignal,
  })
  if (spool === null) return { isHung: false }
  const agent = new Agent({
    clock: world.clock,
    random: world.random,
    log,
    config: { ...config, collectorUrl },
    agentVersion: AGENT_VERSION,
    node: {
      nodeId: enrollment.nodeId,
      bootId: host.bootId(),
      hostPidNamespace: host.isHostPidNamespace(),
      identityKey: identityKeyOf(enrollment),
      phase: phaseOf(enrollment.nodeId),
    },
    spool,
    leases: {
      store: {
        load: () => state.readLeases(),
        save: (text) => state.writeLeases(text),
        show: (leases) => writeLeases(config.runDir, leases),
      },
      collectorKey: enrollment.collector.publicKey,
      script: command === null ? null : createHandoverScript(command, tools),
    },
    entries: chosenEntries(config),
    probeContext: probeContextOf(config, { exec: tools, clock: world.clock, log }),
    owner: createOwner(config.owner, config.deposit.calendar, {
      clock: world.clock,
      random: world.random,
      log,
      run: (call) => tools.run(call),
      rootPrefix,
    }),
    pci: () => readPciAccelerators(rootPrefix),
    hostFacts: () => readHostFacts({ clock: world.clock, log }),
    cpuTime: () => host.cpuTime() ?? { busyMs: null, totalMs: null },
    bootTimeMs: () => host.bootTimeMs(),
    stopReason: () => stopReasonOf(process.execPath, (call) => tools.run(call)),
    createLink: (owner) => {
      const link: Link = new Link({
        world,
        spool,
        owner: new TrustOwner(owner, { trust, keys, say: (message) => link.say(message) }),
        log,
        // Asked at each dial and each hello: both change while the agent runs.
        target: {
          url: collectorUrl,
          get ca() {
            return trust.ca
          },
          get clientCertificate() {
            return trust.clientCertificate
          },
          proxyUrl,
          allowsPlainText: allowsPlain,
        },
        collector,
        identity: {
          role: 'agent',
          get nodeKeys() {
            return keys.keys
          },
          get fingerprint() {
            return keys.fingerprint
          },
          bootId: host.bootId(),
          programVersion: AGENT_VERSION,
          capabilities: [LEASES_CAPABILITY, KEYS_CAPABILITY],
          enrollment: null,
        },
        timings: {
          heartbeatMs: config.heartbeatMs,
          backoff: { ...LINK_TIMINGS.backoff, maxMs: config.collector.retryMsMax },
        },
      })
      return link
    },
  })
  const control = new ControlServer({ runDir: config.runDir, agent, clock: world.clock, log })
  log.info(
    { version: AGENT_VERSION, nodeId: enrollment.nodeId, collector: collectorUrl },
    'the agent starts',
  )
  const manager = await ServiceManager.open(notifyRequest, { clock: world.clock, log })
  let pages: Timer | null = null
  try {
    await control.listen()
    const ended = agent.run()
    manager?.ready(`node ${enrollment.nodeId}, collector ${collectorUrl}`)
    // For it koffi is loaded, which costs more than it gives where systemd need not be told.
    if (manager !== null) pages = releasePagesFromTimeToTime(world.clock, log)
    await Promise.race([ended, aborted(stopSignal)])
    log.info({}, 'the agent stops')
    manager?.stopping()
    await agent.stop()
    await ended
    return { isHung: agent.isHung }
  } finally {
    pages?.cancel()
    await control.stop().catch((error: unknown) => {
      log.warn({ reason: errorSentence(error) }, 'the control socket could not be closed')
    })
    tools.stop()
    spool.close()
  }
}

/** Refused before anything runs: whoever can write the script would be root here. */
function refuseUnsafeScript({ handover: { command } }: AgentConfig): void {
  const reason = command === null ? null : scriptProblem(command)
  if (reason === null) return
  throw new AppError('config_invalid', `The configuration is refused: handover.command ${reason}.`)
}

/** What probes are given, for the daemon and for the commands that read cards once. */
export function probeContextOf(
  config: AgentConfig,
  parts: { readonly exec: ProbeContext['exec']; readonly clock: Clock; readonly log: Logger },
): ProbeContext {
  const { rootPrefix, toolPath, nvmlLibrary } = config.probes
  return { ...parts, rootPrefix, toolPath, nvmlLibrary }
}

export function chosenEntries(config: AgentConfig): readonly VendorEntry[] {
  const { only, skip } = config.probes
  return VENDOR_ENTRIES.filter(
    ({ vendor }) => (only === null || only.includes(vendor)) && !skip.includes(vendor),
  )
}

function identityKeyOf({ identityKey }: Enrollment) {
  return { keyNumber: identityKey.number, key: Buffer.from(identityKey.key, 'hex') }
}

/** In [0, 1), even over a fleet: nodes neither sample nor report in step. */
function phaseOf(nodeId: string): number {
  return createHash('sha256').update(nodeId).digest().readUInt32BE(0) / 2 ** 32
}
