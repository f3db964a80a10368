/**
 * `yiben-agent doctor`: checks what an agent on this machine needs, and says what to do about each
 * thing that is wrong, the running agent and the collector included. Changes nothing; reads every
 * card once.
 */
import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import {
  AppError,
  errorCode,
  errorSentence,
  goodbyeReason,
  type Logger,
  linkUrlOf,
  SUBPROTOCOL,
  trustedPem,
  type World,
} from '@yiben/shared'
import * as z from 'zod/mini'
import type { AgentConfig } from '../config.ts'
import { askAgent } from '../control/client.ts'
import { createToolRunner } from '../exec.ts'
import { readHost } from '../host.ts'
import { scriptProblem } from '../leases/handover-script.ts'
import { readHostFacts } from '../probes/node-facts.ts'
import { StateDir } from '../state-dir.ts'
import { readFiles } from '../trust.ts'
import { bundleText, recordTools, writeBundle } from './bundle.ts'
import { type Check, describeChecks, note, ok, problem } from './check.ts'
import { type MachineReport, type ReportedCard, readMachineReport } from './machine-report.ts'
import type { CommandResult } from './parse.ts'
import { chosenEntries, probeContextOf } from './run.ts'

/** The spool may take its whole bound, and SQLite needs room for its log. */
const SPARE_RATIO = 1.5
const DIAL_MS_MAX = 5_000
/** DESIGN 2.1: over 2 s is flagged, over 5 s is not depositable. */
const OFFSET_MS_WARN = 2_000
const OFFSET_MS_MAX = 5_000
const MIB = 1024 ** 2

export interface DoctorOptions {
  readonly config: AgentConfig
  readonly world: World
  readonly log: Logger
  readonly json: boolean
  /** Where to write the support bundle; `null` for none. */
  readonly bundle: string | null
}

export async function runDoctor(options: DoctorOptions): Promise<CommandResult> {
  const { config, world, log, json, bundle } = options
  const tools = createToolRunner({ clock: world.clock, toolPath: config.probes.toolPath })
  const recorded = recordTools(tools)
  const report = await readMachineReport({
    entries: chosenEntries(config),
    context: probeContextOf(config, { exec: recorded.exec, clock: world.clock, log }),
    random: world.random,
    deadlineMs: config.probes.deadlineMs,
  })
  tools.stop()
  const checks = [
    ok('configuration', 'It can be read, and its options fit together.'),
    ...checkConsent(options.config),
    ...checkHandover(options.config),
    ...checkState(options.config),
    checkDisk(options.config),
    checkNamespace(options.config),
    ...checkAccelerators(report),
    ...(await checkAgent(options)),
    await checkCollector(options),
  ]
  const hasProblem = checks.some(({ verdict }) => verdict === 'problem')
  const stdout = json
    ? `${JSON.stringify({ checks, accelerators: report.pci }, null, 2)}\n`
    : describeChecks(checks)
  if (bundle === null) return { exitCode: hasProblem ? 1 : 0, stdout }
  const facts = { ...(await readHostFacts({ clock: world.clock, log })) }
  const { calls } = recorded
  writeBundle(
    bundle,
    await bundleText({ checks, report, calls, facts, atMs: world.clock.wallMs() }),
  )
  const said = json ? '' : `\nThe bundle is in ${bundle}. Read it before you send it.\n`
  return { exitCode: hasProblem ? 1 : 0, stdout: `${stdout}${said}` }
}

function checkConsent({ owner, deposit }: AgentConfig): Check[] {
  const checks: Check[] = []
  if (owner.kind === 'unstated') {
    checks.push(
      note(
        'owner',
        'Nobody has said who gives these cards away, so no card is ever free.',
        'Set owner.kind: none (with deposit.calendar), contract, slurm or kubernetes.',
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

function checkHandover({ handover: { kind, command } }: AgentConfig): Check[] {
  if (command === null) return []
  const reason = scriptProblem(command)
  return [
    reason === null
      ? ok('handover', `Lent cards are handed over by "${kind}", ${command}.`)
      : problem('handover', `handover.command ${reason}.`, 'The agent does not start before.'),
  ]
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

function checkAccelerators(report: MachineReport): Check[] {
  const checks = report.vendors
    .filter(({ status }) => status !== 'absent')
    .map(({ vendor, status, tool, tool_version, problem: told }): Check => {
      const name = `vendor ${vendor}`
      const through = [tool, tool_version].filter(Boolean).join(' ')
      const seen = report.pci.filter((card) => card.vendor === vendor).length
      if (status === 'failed') {
        return problem(name, told ?? 'Its tool fails.', 'See its cards below.')
      }
      if (told !== null) return note(name, told, 'Run `yiben-agent probe` for each card.')
      return ok(name, `Read through ${through}; ${seen} on the PCI bus.`)
    })
  for (const card of report.pci) checks.push(checkCard(card))
  if (!report.pci_read) {
    checks.push(
      note('pci', 'The PCI bus cannot be read.', 'Mount /sys, or cards may be overlooked.'),
    )
  }
  if (checks.length > 0) return checks
  return [note('accelerators', 'No accelerator has been found.', 'Nothing, if there is none.')]
}

/** What keeps a card from being read is a problem, unless its owner wants it so. */
function checkCard(card: ReportedCard): Check {
  const name = `card ${card.address}`
  const what = `${card.vendor} ${card.model ?? card.pci_id}`
  const version = card.driver_version === null ? '' : ` ${card.driver_version}`
  const driver = card.driver === null ? 'no driver' : `driver ${card.driver}${version}`
  const sentence = `${what}, ${driver}: ${card.sentence}`
  if (card.cause === 'read') {
    const missing = card.not_read.map(({ field }) => field)
    const rest = missing.length === 0 ? '' : ` Not told: ${missing.join(', ')}.`
    return ok(name, `${sentence}${rest}`)
  }
  if (card.fix === null) return ok(name, sentence)
  const toDo = `To do: ${card.fix}`
  return card.cause === 'no_reader' ? note(name, sentence, toDo) : problem(name, sentence, toDo)
}

const runningSchema = z.object({
  collector: z.object({ state: z.string(), problem: z.nullable(z.string()) }),
  clock: z.object({ offsetMs: z.nullable(z.number()) }),
  owner: z.object({ kind: z.string(), problems: z.array(z.string()) }),
  handoverProblems: z._default(z.array(z.string()), []),
})

async function checkAgent({ config, world }: DoctorOptions): Promise<Check[]> {
  try {
    const answer = await askAgent(config.runDir, { command: 'status' }, world.clock)
    if (answer.status === 'refused') return [problem('agent', answer.sentence, 'See its log.')]
    const { collector, clock, owner, handoverProblems } = runningSchema.parse(answer.answer)
    const { offsetMs } = clock
    const link =
      collector.problem === null
        ? ok('link', `The running agent's link is ${collector.state}.`)
        : problem('link', collector.problem, 'See the check of the collector below.')
    return [
      ok('agent', 'An agent is running.'),
      ...owner.problems.map(silentOwner),
      ...handoverProblems.map(failingScript),
      link,
      checkClock(offsetMs),
    ]
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (errorCode(error) === 'permission_denied') {
      return [problem('agent', error.message, 'Run `doctor` as root.')]
    }
    return [note('agent', 'No agent is running here.', 'Start it: `yiben-agent run`.')]
  }
}

/** Nothing is free while the scheduler is silent. */
function silentOwner(sentence: string): Check {
  return problem('scheduler', sentence, 'No card of this node is free until it can be told.')
}

/** Tried again by itself; until it succeeds the borrower may still get in. */
function failingScript(sentence: string): Check {
  return problem('handover', sentence, 'Mend the script of handover.command; it is tried again.')
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
    const { allowsPlain, proxyUrl } = config.collector
    const url = linkUrlOf(typed, allowsPlain)
    const filed = readFiles(config.collector)
    const socket = await world.network.dial({
      url,
      subprotocol: SUBPROTOCOL,
      ca: trustedPem(StateDir.at(config.stateDir).readTrust(), filed.ca),
      clientCertificate: filed.clientCertificate,
      allowsPlainText: allowsPlain,
      proxyUrl,
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
