/**
 * `yiben-agent doctor`: checks what an agent on this machine needs, and says what to do about each
 * thing that is wrong. Changes nothing; reads cards only as far as finding their tools goes.
 */
import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import {
  AppError,
  errorCode,
  errorSentence,
  goodbyeReason,
  type Logger,
  linkUrlOf,
  renderTable,
  SUBPROTOCOL,
  type World,
} from '@yiben/shared'
import * as z from 'zod/mini'
import type { AgentConfig } from '../config.ts'
import { askAgent } from '../control/client.ts'
import { readCa } from '../enrollment.ts'
import { createToolRunner } from '../exec.ts'
import { readHost } from '../host.ts'
import { readPciAccelerators } from '../probes/pci.ts'
import { ProbeRunner } from '../probes/run-all.ts'
import { StateDir } from '../state-dir.ts'
import type { CommandResult } from './parse.ts'
import { chosenEntries, probeContextOf } from './run.ts'

/** The spool may take its whole bound, and SQLite needs room for its log. */
const SPARE_RATIO = 1.5
const DIAL_MS_MAX = 5_000
/** DESIGN 2.1: over 2 s is flagged, over 5 s is not depositable. */
const OFFSET_MS_WARN = 2_000
const OFFSET_MS_MAX = 5_000
const MIB = 1024 ** 2

export interface Check {
  readonly name: string
  readonly verdict: 'ok' | 'note' | 'problem'
  readonly sentence: string
  readonly whatToDo: string | null
}

export interface DoctorOptions {
  readonly config: AgentConfig
  readonly world: World
  readonly log: Logger
  readonly json: boolean
}

export async function runDoctor(options: DoctorOptions): Promise<CommandResult> {
  const checks = [
    ok('configuration', 'It can be read, and its options fit together.'),
    ...checkConsent(options.config),
    ...checkState(options.config),
    checkDisk(options.config),
    checkNamespace(options.config),
    ...(await checkVendors(options)),
    ...(await checkAgent(options)),
    await checkCollector(options),
  ]
  const hasProblem = checks.some(({ verdict }) => verdict === 'problem')
  const stdout = options.json ? `${JSON.stringify({ checks }, null, 2)}\n` : describe(checks)
  return { exitCode: hasProblem ? 1 : 0, stdout }
}

function checkConsent({ owner, deposit }: AgentConfig): Check[] {
  const checks: Check[] = []
  if (owner.kind === 'unstated') {
    checks.push(
      note(
        'owner',
        'Nobody has said who gives these cards away, so no card is ever free.',
        'Set owner.kind: none (with deposit.calendar), or contract.',
      ),
    )
  } else checks.push(ok('owner', `Possession is told by owner.kind "${owner.kind}".`))
  checks.push(
    deposit.enabled
      ? ok('deposits', 'The owner consents to deposits.')
      : note('deposits', 'Deposits are off.', 'Set deposit.enabled: true to deposit idle cards.'),
  )
  return checks
}

function checkState(config: AgentConfig): Check[] {
  const path = config.stateDir
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    return [
      problem(
        'state folder',
        `${path} cannot be used: ${errorSentence(error)}.`,
        'Run `yiben-agent enroll` as root, which makes it.',
      ),
    ]
  }
  const mode = statSync(path).mode & 0o077
  const folder =
    mode === 0
      ? ok('state folder', `${path} belongs to this user alone.`)
      : note('state folder', `Others may enter ${path}.`, `Run \`chmod 700 ${path}\`.`)
  return [folder, checkEnrollment(path)]
}

function checkEnrollment(path: string): Check {
  try {
    const state = StateDir.at(path)
    const enrollment = state.readEnrollment()
    if (state.readKey() !== null && enrollment !== null) {
      return ok('enrollment', `Node ${enrollment.nodeId} of ${enrollment.collectorUrl}.`)
    }
    return problem(
      'enrollment',
      'This machine is not enrolled.',
      'Run `yiben-agent enroll --collector URL --token TOKEN`.',
    )
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return problem('enrollment', error.message, 'See the sentence beside.')
  }
}

function checkDisk({ stateDir, spool }: AgentConfig): Check {
  try {
    const { bavail, bsize } = statfsSync(stateDir)
    const freeMib = Math.floor((bavail * bsize) / MIB)
    const neededMib = Math.ceil((spool.bytesMax * SPARE_RATIO) / MIB)
    if (freeMib >= neededMib) return ok('disk', `${freeMib} MiB are free for the spool.`)
    return problem(
      'disk',
      `${freeMib} MiB are free where the spool may need ${neededMib} MiB.`,
      `Make room under ${stateDir}, or lower spool.size_max.`,
    )
  } catch (error) {
    return note('disk', `Free space is not told: ${errorSentence(error)}.`, 'Look at state_dir.')
  }
}

function checkNamespace({ probes }: AgentConfig): Check {
  if (readHost(probes.rootPrefix).isHostPidNamespace()) {
    return ok('processes', "The agent sees the host's processes.")
  }
  return note(
    'processes',
    "This is not the host's pid namespace: an empty process list proves nothing here.",
    'Run the agent on the host, or its container with the pid namespace of the host.',
  )
}

async function checkVendors({ config, world, log }: DoctorOptions): Promise<Check[]> {
  const tools = createToolRunner({ clock: world.clock, toolPath: config.probes.toolPath })
  const runner = new ProbeRunner({
    entries: chosenEntries(config),
    context: probeContextOf(config, { exec: tools, clock: world.clock, log }),
    random: world.random,
    basePeriodMs: config.samplePeriodMs,
    sampleDeadlineMs: config.probes.deadlineMs,
  })
  const detections = await runner.detectAll()
  await runner.release()
  tools.stop()
  const pci = await readPciAccelerators(config.probes.rootPrefix)
  const onBus = (vendor: string) => (pci ?? []).filter((card) => card.vendor === vendor).length
  const checks = detections.flatMap(({ vendor, detection }): Check[] => {
    const name = `vendor ${vendor}`
    const seen = onBus(vendor)
    if (detection.status === 'present') {
      const version = detection.toolVersion === null ? '' : ` ${detection.toolVersion}`
      return [ok(name, `Read through ${detection.tool}${version}; ${seen} on the PCI bus.`)]
    }
    if (detection.status === 'broken') {
      return [problem(name, detection.sentence, 'Run `yiben-agent probe` for each card.')]
    }
    if (seen === 0) return []
    const sentence = `${seen} on the PCI bus, and no tool that reads them.`
    return [problem(name, sentence, "Install the driver and the tools of the cards' maker.")]
  })
  const read = new Set(detections.map(({ vendor }) => vendor))
  const others = new Set((pci ?? []).map(({ vendor }) => vendor).filter((name) => !read.has(name)))
  for (const vendor of others) {
    const sentence = `${onBus(vendor)} on the PCI bus; this agent does not read them.`
    checks.push(note(`vendor ${vendor}`, sentence, 'They are counted as faulty: no tool.'))
  }
  if (checks.length > 0) return checks
  return [note('vendors', 'No accelerator has been found.', 'Nothing, if there is none.')]
}

const runningSchema = z.object({
  collector: z.object({ state: z.string(), problem: z.nullable(z.string()) }),
  clock: z.object({ offsetMs: z.nullable(z.number()) }),
})

async function checkAgent({ config, world }: DoctorOptions): Promise<Check[]> {
  try {
    const answer = await askAgent(config.runDir, { command: 'status' }, world.clock)
    if (answer.status === 'refused') return [problem('agent', answer.sentence, 'See its log.')]
    const { collector, clock } = runningSchema.parse(answer.answer)
    const { offsetMs } = clock
    const link =
      collector.problem === null
        ? ok('link', `The running agent's link is ${collector.state}.`)
        : problem('link', collector.problem, 'See the check of the collector below.')
    return [ok('agent', 'An agent is running.'), link, checkClock(offsetMs)]
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (errorCode(error) === 'permission_denied') {
      return [problem('agent', error.message, 'Run `doctor` as root.')]
    }
    return [note('agent', 'No agent is running here.', 'Start it: `yiben-agent run`.')]
  }
}

function checkClock(offsetMs: number | null): Check {
  if (offsetMs === null) return ok('clock', 'Not compared with the collector yet.')
  const seconds = (offsetMs / 1000).toFixed(1)
  const sentence = `The clock is ${seconds} s off the collector's.`
  if (Math.abs(offsetMs) <= OFFSET_MS_WARN) return ok('clock', sentence)
  const whatToDo = 'Let chrony or ntpd set it.'
  if (Math.abs(offsetMs) <= OFFSET_MS_MAX) return note('clock', sentence, whatToDo)
  return problem('clock', `${sentence} No card is deposited until it is within 5 s.`, whatToDo)
}

async function checkCollector({ config, world }: DoctorOptions): Promise<Check> {
  const typed = config.collector.url ?? enrolledUrl(config.stateDir)
  if (typed === null) {
    return note('collector', 'No collector is configured.', 'Run `yiben-agent enroll`.')
  }
  try {
    const url = linkUrlOf(typed)
    const socket = await world.network.dial({
      url,
      subprotocol: SUBPROTOCOL,
      ca: readCa(config.collector.caFile),
      proxyUrl: config.collector.proxyUrl,
      timeoutMs: DIAL_MS_MAX,
    })
    socket.onFrame(() => {})
    socket.onPong(() => {})
    socket.onClose(() => {})
    socket.close(goodbyeReason('only looking'))
    return ok('collector', `${url} can be reached.`)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return problem(
      'collector',
      error.message,
      'Look at the address, the firewall, the proxy (collector.proxy_url) and the certificate (collector.ca_file).',
    )
  }
}

function enrolledUrl(path: string): string | null {
  try {
    return StateDir.at(path).readEnrollment()?.collectorUrl ?? null
  } catch {
    // Told by the check of the enrollment.
    return null
  }
}

function describe(checks: readonly Check[]): string {
  const rows = checks.map(({ name, verdict, sentence, whatToDo }) => [
    verdict === 'ok' ? 'ok' : verdict.toUpperCase(),
    name,
    whatToDo === null ? sentence : `${sentence} ${whatToDo}`,
  ])
  return renderTable(['', 'check', 'what was found, and what to do'], rows)
}

function ok(name: string, sentence: string): Check {
  return { name, verdict: 'ok', sentence, whatToDo: null }
}

function note(name: string, sentence: string, whatToDo: string): Check {
  return { name, verdict: 'note', sentence, whatToDo }
}

function problem(name: string, sentence: string, whatToDo: string): Check {
  return { name, verdict: 'problem', sentence, whatToDo }
}
