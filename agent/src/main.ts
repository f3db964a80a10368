#!/usr/bin/env node
/**
 * `yiben-agent`: composes the commands of the parts and the process around them. No logic of its
 * own: what a command does is in `cli/`, one file each. Exit codes: 0 done, 1 failure, 2 wrong usage.
 */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { MessageChannel } from 'node:worker_threads'
import {
  AppError,
  createLogger,
  createRealWorld,
  errorCode,
  errorSentence,
  optionHelp,
  silentLogger,
} from '@yiben/shared'
import { Command, CommanderError, Option } from 'commander'
import { runBaselinePropose } from './cli/baseline.ts'
import { runDoctor } from './cli/doctor.ts'
import { runEnroll } from './cli/enroll.ts'
import { runOffer } from './cli/offer.ts'
import { type CommandResult, runParse } from './cli/parse.ts'
import { runPause, runResume } from './cli/pause.ts'
import { runProbe } from './cli/probe.ts'
import { runReclaim } from './cli/reclaim.ts'
import { probeContextOf, runAgent } from './cli/run.ts'
import { runStatus } from './cli/status.ts'
import { type AgentConfig, loadConfig, optionTable, readNotifyRequest } from './config.ts'
import { createToolRunner } from './exec.ts'
import { AGENT_VERSION } from './version.ts'

/** An ordered stop is given this long, vendor tools and a slow collector included. */
const STOP_MS_MAX = 5_000
const WATCH_EVERY_MS = 10_000

interface CommonOptions {
  readonly config?: string
  readonly stateDir?: string
  readonly runDir?: string
  readonly json?: boolean
}

interface EnrollFlags {
  readonly collector: string
  readonly token: string
  readonly name: string
  readonly ca?: string
}

const world = createRealWorld()
const { clock } = world

function configOf(options: CommonOptions, flags: Record<string, string | undefined> = {}) {
  return loadConfig({
    file: options.config ?? null,
    flags: { state_dir: options.stateDir, run_dir: options.runDir, ...flags },
  })
}

function print({ exitCode, stdout }: CommandResult): void {
  process.stdout.write(stdout)
  process.exitCode = exitCode
}

/** What every command that asks the running agent needs. */
function orderOf(options: CommonOptions) {
  return { runDir: configOf(options).runDir, clock, json: options.json ?? false }
}

async function run(options: CommonOptions): Promise<void> {
  const config = configOf(options)
  const log = createLogger(config.logLevel)
  const stopping = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'told to stop')
    stopping.abort()
    // A hung library call would hold the exit for ever; the spool is durable at every instant.
    clock.after(STOP_MS_MAX, () => {
      log.error({ limitMs: STOP_MS_MAX }, 'could not stop in time: ending the process')
      process.kill(process.pid, 'SIGKILL')
    })
  }
  process.on('uncaughtException', (error) => {
    log.error({ reason: error.message, stack: error.stack }, 'a bug: the agent ends')
    process.exit(1)
  })
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  const { isHung } = await runAgent({
    config,
    world,
    log,
    stopSignal: stopping.signal,
    notifyRequest: readNotifyRequest(),
  })
  log.info({}, 'the agent has stopped')
  if (isHung) process.kill(process.pid, 'SIGKILL')
  process.exit(0)
}

async function probe(options: CommonOptions & { vendor?: string; watch?: boolean }): Promise<void> {
  const config: AgentConfig = configOf(options)
  const exec = createToolRunner({ clock, toolPath: config.probes.toolPath })
  const context = probeContextOf(config, { exec, clock, log: silentLogger })
  const request = {
    vendor: options.vendor ?? null,
    json: options.json ?? false,
    context,
    random: world.random,
  }
  do {
    print(await runProbe(request))
    if (options.watch === true) await pauseBetween()
  } while (options.watch === true)
  exec.stop()
}

/** Holds the process alive, which timers of the world do not. */
function pauseBetween(): Promise<void> {
  process.stdin.resume()
  return new Promise((resolve) => {
    clock.after(WATCH_EVERY_MS, () => {
      process.stdin.pause()
      resolve()
    })
  })
}

function common(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'configuration (YAML)').env('YIBEN_AGENT_CONFIG'))
    .option('--state-dir <dir>', "the node's key, enrollment and spool")
    .option('--run-dir <dir>', 'the local control socket and leases.json')
}

function program(): Command {
  const root = new Command('yiben-agent')
    .description(
      'Measures what the accelerators of this machine do, and proves when they are free.',
    )
    .version(AGENT_VERSION)
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 done, 1 failure, 2 wrong usage.')
  const add = (name: string, sentence: string) =>
    root.command(name).description(sentence).exitOverride()
  common(add('run', 'the daemon: sample, judge, record, report'))
    .addHelpText('after', () => `\n${optionHelp(optionTable())}`)
    .action(run)
  common(add('enroll', 'make the node’s key and admit this machine to a collector, once'))
    .requiredOption('--collector <url>', 'where the collector is, https://host:7480')
    .addOption(
      new Option('--token <token>', 'enrollment token, shown once by `token create`')
        .env('YIBEN_AGENT_TOKEN')
        .makeOptionMandatory(),
    )
    .option('--name <name>', 'what you call this node', hostname())
    .option('--ca <file>', 'PEM file of the authority to trust, where the token pins none')
    .option('--json', 'print JSON')
    .action(async (options: CommonOptions & EnrollFlags) => {
      const config = configOf(options)
      print(
        await runEnroll({
          config,
          collectorUrl: options.collector,
          token: options.token,
          nodeName: options.name,
          caFile: options.ca ?? null,
          world,
          log: createLogger(config.logLevel === 'info' ? 'silent' : config.logLevel),
          json: options.json ?? false,
        }),
      )
    })
  addLocalCommands(add)
  addReadingCommands(add)
  return root
}

function addLocalCommands(add: (name: string, sentence: string) => Command): void {
  const json = (command: Command) => common(command).option('--json', 'print JSON')
  json(
    add('status', 'what each card does and, where it is not depositable, why and since when'),
  ).action(async (options: CommonOptions) => print(await runStatus(orderOf(options))))
  json(add('reclaim', 'take cards back now (default: all)'))
    .argument('[accelerator...]', 'index, id or PCI address, as `status` lists them')
    .option('--notice <duration>', 'let leases run for this time yet: 2min')
    .action(async (names: string[], options: CommonOptions & { notice?: string }) =>
      print(await runReclaim({ ...orderOf(options), names, notice: options.notice ?? null })),
    )
  json(add('offer', 'offer cards again that were taken back (default: all)'))
    .argument('[accelerator...]', 'index, id or PCI address, as `status` lists them')
    .action(async (names: string[], options: CommonOptions) =>
      print(await runOffer({ ...orderOf(options), names })),
    )
  json(add('pause', 'let go of every driver handle'))
    .option('--for <duration>', 'resume by itself after this time: 30min, 2h')
    .action(async (options: CommonOptions & { for?: string }) =>
      print(await runPause({ ...orderOf(options), duration: options.for ?? null })),
    )
  json(add('resume', 'sample again after `pause`')).action(async (options: CommonOptions) =>
    print(await runResume(orderOf(options))),
  )
  const baseline = add('baseline', 'idle baselines of the cards of this node')
  json(
    baseline.command('propose').description('what this node’s empty cards show').exitOverride(),
  ).action(async (options: CommonOptions) => print(await runBaselinePropose(orderOf(options))))
  json(add('doctor', 'check what an agent needs here, and say what to do'))
    .option('--bundle <file>', 'also write a support bundle, ids and names masked')
    .action(async (options: CommonOptions & { bundle?: string }) => {
      const config = configOf(options)
      const bundle = options.bundle ?? null
      const json = options.json ?? false
      print(await runDoctor({ config, world, log: silentLogger, json, bundle }))
    })
}

function addReadingCommands(add: (name: string, sentence: string) => Command): void {
  common(add('probe', 'what is in this machine, each field with its source, or why not'))
    .option('--vendor <vendor>', 'this vendor only')
    .option('--watch', 'again every 10 s')
    .option('--json', 'print JSON')
    .action(probe)
  add('parse', 'what the probe makes of a captured tool output')
    .argument('[file]', 'default: standard input')
    .requiredOption('--vendor <vendor>', 'whose tool it was')
    .option('--command <line>', 'the command line it came from')
    .option('--json', 'print JSON')
    .action(
      async (
        file: string | undefined,
        options: { vendor: string; command?: string; json?: boolean },
      ) =>
        print(
          await runParse({
            vendor: options.vendor,
            command: options.command ?? null,
            text: readFileSync(file ?? 0, 'utf8'),
            json: options.json ?? false,
          }),
        ),
    )
}

/** Wrong usage and a wrong configuration are the caller's to mend; everything else is a failure. */
const USAGE_CODES = new Set(['usage_invalid', 'config_invalid'])

// Timers of the world do not keep a process: a command that only waits must not end by itself.
const hold = new MessageChannel()
hold.port1.on('message', () => {})
try {
  await program().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    const code = errorCode(error)
    const text = error instanceof AppError ? `${code}: ${error.message}` : errorSentence(error)
    console.error(`yiben-agent: ${text}`)
    process.exit(USAGE_CODES.has(code) ? 2 : 1)
  }
} finally {
  hold.port1.close()
}
