#!/usr/bin/env node
/**
 * `yiben-collector`: composes the commands of the parts and the process around them. No logic of its
 * own: what a command does is in `cli/`, one file each. Exit codes: 0 done, 1 failure, 2 wrong usage.
 */
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import {
  AppError,
  createRealWorld,
  errorCode,
  errorSentence,
  optionHelp,
  VENDORS,
} from '@yiben/shared'
import { Command, CommanderError, Option } from 'commander'
import { runBackup } from './cli/backup.ts'
import { type BalanceOptions, runBalance } from './cli/balance.ts'
import { runCatalogueMatch } from './cli/catalogue.ts'
import type { CommandContext, CommandResult } from './cli/command.ts'
import {
  type ConflictListOptions,
  type ConflictResolveOptions,
  runConflictList,
  runConflictResolve,
} from './cli/conflict.ts'
import { type ExportOptions, runExport } from './cli/export.ts'
import { type ForecastReplayOptions, runForecastReplay } from './cli/forecast.ts'
import { runKey } from './cli/key.ts'
import { type LedgerOptions, runLedger } from './cli/ledger.ts'
import { runRecoveryFinish, runRecoveryStatus } from './cli/recovery.ts'
import {
  type ReportIssueOptions,
  type ReportShowOptions,
  runReportIssue,
  runReportList,
  runReportShow,
} from './cli/report.ts'
import { runRestore } from './cli/restore.ts'
import type { RestoreOptions } from './cli/restore-check.ts'
import {
  runSiteDeclare,
  runSiteList,
  runSitePut,
  type SiteDeclareOptions,
  type SitePutOptions,
} from './cli/site.ts'
import { runSiteState, type SiteStateOptions } from './cli/site-state.ts'
import {
  runTokenCreate,
  runTokenList,
  runTokenRevoke,
  type TokenCreateOptions,
} from './cli/token.ts'
import { runVerify, type VerifyOptions } from './cli/verify.ts'
import { runVerifyStatement, type VerifyStatementOptions } from './cli/verify-statement.ts'
import { loadConfig, optionTable, readNotifyRequest } from './config.ts'
import {
  addFederationCommands,
  addNodeCommands,
  addStorageCommands,
  addTlsCommands,
} from './main-commands.ts'
import { LEDGER_GROUPINGS } from './rollup/ledger.ts'
import { ROLES } from './storage/requests.ts'
import { COLLECTOR_VERSION } from './version.ts'

const VERIFY_HELP = `
Every entry from the first on is hashed again, the Merkle root over all of them is compared with the
signed checkpoint, the hours with their seals, and the signed hash over all lines with the file. The
first fault is named with its line and entry, and the exit code is 1. Without --key no signature is
checked: the file is then only shown to agree with itself.`

interface CommonOptions {
  readonly config?: string
  readonly dataDir?: string
  readonly json?: boolean
}

const world = createRealWorld()

function configOf(options: CommonOptions, flags: Record<string, string | undefined> = {}) {
  return loadConfig({
    file: options.config ?? null,
    flags: { data_dir: options.dataDir, ...flags },
  })
}

function contextOf(options: CommonOptions): CommandContext {
  return { config: configOf(options), world, json: options.json ?? false }
}

function print({ exitCode, stdout, note }: CommandResult): void {
  process.stdout.write(stdout)
  if (note !== undefined) process.stderr.write(note)
  process.exitCode = exitCode
}

async function writeOut(part: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(part)) await once(process.stdout, 'drain')
}

interface ServeFlags extends CommonOptions {
  readonly host?: string
  readonly port?: string
  readonly demo?: boolean
  readonly logLevel?: string
  readonly secondFactor?: string
}

async function runServe(options: ServeFlags): Promise<void> {
  const flags = {
    host: options.host,
    port: options.port,
    demo: options.demo === true ? 'true' : undefined,
    log_level: options.logLevel,
    'login.second_factor': options.secondFactor,
  }
  // Half of the program: commands that come and go do not load it.
  const { serveProcess } = await import('./cli/serve-process.ts')
  await serveProcess(configOf(options, flags), world, readNotifyRequest())
}

function common(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'configuration (YAML)').env('YIBEN_COLLECTOR_CONFIG'))
    .option('--data-dir <dir>', 'folder of the ledger (default ./.yiben)')
}

function asking(command: Command): Command {
  return common(command).option('--json', 'print JSON')
}

function program(): Command {
  const root = new Command('yiben-collector')
    .description('Keeps the account of what accelerators do with every second of their time.')
    .version(COLLECTOR_VERSION)
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 done, 1 failure, 2 wrong usage.')
  common(root.command('serve').description('the collector: takes agents, answers the API'))
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <number>', 'port for agents and the API (default 7480; 0 takes a free one)')
    .option('--demo', 'marks a new ledger as a demo, for ever')
    .option('--log-level <level>', 'error, warn, info, debug or silent')
    .option('--second-factor <word>', 'required or off: of people who log in (default required)')
    .addHelpText('after', () => `\n${optionHelp(optionTable())}`)
    .action(runServe)
  addTokenCommands(root)
  addSiteCommands(root)
  addNodeCommands(root, { asking, contextOf, print })
  addTlsCommands(root, { asking, contextOf, print })
  addFederationCommands(root, { asking, contextOf, print })
  addStorageCommands(root, { asking, contextOf, print })
  addConflictCommands(root)
  addLedgerCommands(root)
  addExportCommands(root)
  addReportCommands(root)
  addRecoveryCommands(root)
  addCatalogueCommands(root)
  addForecastCommands(root)
  return root
}

function addTokenCommands(root: Command): void {
  const token = root.command('token').description('enrollment tokens and access tokens')
  asking(token.command('create').description('makes a token and shows it once'))
    .option('--site <code>', 'an enrollment token for nodes of this site; with --role: its scope')
    .option('--uses <n>', 'how many nodes it admits (default 1)')
    .option('--from <cidr>', 'addresses it may be used from')
    .option('--role <role>', `an access token with this role: ${ROLES.join(', ')}`)
    .option('--child <name>', 'for a collector that is to report here: what it is called')
    .option('--region <code>', 'what an access token may see (GB/T 2260, default everything)')
    .option('--ttl <duration>', 'how long it is valid (default 14d)')
    .action(async (options: CommonOptions & TokenCreateOptions) =>
      print(await runTokenCreate(contextOf(options), options)),
    )
  asking(token.command('list').description('all tokens, without their secrets')).action(
    async (options: CommonOptions) => print(await runTokenList(contextOf(options))),
  )
  asking(token.command('revoke').description('ends a token at once').argument('<id>')).action(
    async (id: string, options: CommonOptions) =>
      print(await runTokenRevoke(contextOf(options), id)),
  )
}

function addSiteCommands(root: Command): void {
  const site = root.command('site').description('sites, who runs and owns them')
  asking(site.command('put').description('makes a site or changes its terms').argument('<code>'))
    .requiredOption('--name <name>', 'what people call it')
    .requiredOption('--region <code>', 'where it lies (GB/T 2260, six digits)')
    .option('--operator <code>', 'unified social credit code of who runs it')
    .option('--operator-name <name>', 'their name')
    .option('--owner <code>', 'unified social credit code of who deposits (default: the operator)')
    .option('--owner-name <name>', 'their name')
    .option(
      '--keep <model=n>',
      'cards of a model that are never deposited; repeat it for more (default: as before)',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--valid-from <time>', 'when the terms begin (default: a new site always, else now)')
    .action(async (code: string, options: CommonOptions & SitePutOptions) =>
      print(await runSitePut(contextOf(options), code, options)),
    )
  asking(site.command('list').description('all sites')).action(async (options: CommonOptions) =>
    print(await runSiteList(contextOf(options))),
  )
  asking(site.command('declare').description('what a site says it has').argument('<code>'))
    .requiredOption('--model <model>', 'model of the catalogue')
    .requiredOption('--cards <n>', 'how many')
    .requiredOption('--p <p>', 'PFLOPS of all of them')
    .option('--basis <basis>', 'fp16_dense, fp16_sparse or unstated', 'unstated')
    .action(async (code: string, options: CommonOptions & SiteDeclareOptions) =>
      print(await runSiteDeclare(contextOf(options), code, options)),
    )
  asking(site.command('state').description('what a site states of itself').argument('<code>'))
    .option('--pue <ratio>', '1.00 to 3.00; `none` withdraws it, as with the next two')
    .option('--racks <n>', 'racks available')
    .option('--racks-used <n>', 'of these in use')
    .option('--tariff <file>', 'periods of the day with their names (YAML)')
    .option('--valid-from <time>', 'when it begins to hold (default: now)')
    .action(async (code: string, options: CommonOptions & SiteStateOptions) =>
      print(await runSiteState(contextOf(options), code, options)),
    )
}

function addConflictCommands(root: Command): void {
  const conflict = root.command('conflict').description('accelerators that two nodes claim')
  asking(conflict.command('list').description('both claims of each'))
    .option('--all', 'also those that have been resolved')
    .action(async (options: CommonOptions & ConflictListOptions) =>
      print(await runConflictList(contextOf(options), options)),
    )
  asking(conflict.command('resolve').description('says which claim counts').argument('<id>'))
    .requiredOption('--keep <unit>', 'the claim that counts: its unit number')
    .action(async (id: string, options: CommonOptions & ConflictResolveOptions) =>
      print(await runConflictResolve(contextOf(options), id, options)),
    )
}

function addLedgerCommands(root: Command): void {
  asking(root.command('ledger').description('the one ledger as a table'))
    .option('--as-of <time>', 'the time spoken of (default: the latest everybody has told)')
    .option('--known-at <time>', 'what the ledger knew then (default: now)')
    .option('--by <grouping>', LEDGER_GROUPINGS.join(', '))
    .action(async (options: CommonOptions & LedgerOptions) =>
      print(await runLedger(contextOf(options), options)),
    )
  asking(root.command('balance').description('proves that the states add up to wall time'))
    .option('--accelerator <id>', 'this one only')
    .option('--accounts', 'the promises instead: every millisecond lies in one account')
    .option('--from <time>', 'default: the first second proven')
    .option('--to <time>', 'default: now')
    .action(async (options: CommonOptions & BalanceOptions) =>
      print(await runBalance(contextOf(options), options)),
    )
}

function addExportCommands(root: Command): void {
  common(root.command('export').description('data out, to standard output'))
    .requiredOption('--from <time>', 'beginning')
    .requiredOption('--to <time>', 'end')
    .requiredOption('--format <format>', 'csv or xlsx (sealed hours), jsonl (everything)')
    .action(async (options: CommonOptions & ExportOptions) => {
      const note = await runExport(contextOf(options), options, writeOut)
      if (note !== null) process.stderr.write(note)
    })
  asking(
    root
      .command('backup')
      .description('a consistent copy of the ledger')
      .argument('[file]', 'must not exist (default: into backup.dir, of which backup.keep stay)'),
  ).action(async (file: string | undefined, options: CommonOptions) =>
    print(await runBackup(contextOf(options), file)),
  )
  asking(root.command('restore').description('a ledger out of a backup').argument('[file]'))
    .option('--generation', 'of a database (storage.url) that its own tools have put back')
    .option('--last-note <file>', 'the newest checkpoint that anybody holds')
    .option('--replace', 'also over a ledger: it is set aside, never deleted')
    .option('--second-journal <dir>', 'what was decided on draws since the backup comes back too')
    .action(async (file: string | undefined, options: CommonOptions & RestoreOptions) =>
      print(await runRestore(contextOf(options), file, options)),
    )
  root
    .command('verify')
    .description('checks an export, with no ledger and no trust in the server')
    .argument('<export>', 'jsonl file')
    .option('--key <pub>', 'public key of the collector, as its command `key` prints it')
    .option('--checkpoint <file>', 'a checkpoint held from before: must be part of this journal')
    .option('--witness <key>', 'verifier key of a witness that must have signed too')
    .option('--head <seq:hash>', 'an entry seen before: must be part of this journal')
    .option('--json', 'print JSON')
    .addHelpText('after', VERIFY_HELP)
    .action(async (file: string, options: VerifyOptions) => print(await runVerify(file, options)))
  root
    .command('verify-statement')
    .description('checks a signed statement of accounts, with no ledger')
    .argument('<statement>', 'as `format=signed` gave it')
    .option('--key <pub>', 'public key of the collector, as its command `key` prints it')
    .option('--json', 'print JSON')
    .action((file: string, options: VerifyStatementOptions) =>
      print(runVerifyStatement(file, options)),
    )
  asking(
    root.command('key').description('public key that exports and checkpoints verify with'),
  ).action(async (options: CommonOptions) => print(await runKey(contextOf(options))))
}

function addReportCommands(root: Command): void {
  const report = root.command('report').description('monthly reports, kept as they were issued')
  asking(report.command('issue').description('makes the report of a month that is over'))
    .requiredOption('--month <month>', 'as in 2026-10')
    .option('--region <code>', 'GB/T 2260, six digits (default: the whole country)')
    .option('--id <id>', 'yours: under it the same report is answered again')
    .action(async (options: CommonOptions & ReportIssueOptions) =>
      print(await runReportIssue(contextOf(options), options)),
    )
  asking(report.command('list').description('the newest hundred')).action(
    async (options: CommonOptions) => print(await runReportList(contextOf(options))),
  )
  common(report.command('show').description('a report as it was issued').argument('<id>'))
    .option('--format <format>', 'json (default) or xlsx, to standard output')
    .action(async (id: string, options: CommonOptions & ReportShowOptions) =>
      runReportShow(contextOf(options), id, options, writeOut),
    )
}

function addRecoveryCommands(root: Command): void {
  const recovery = root.command('recovery').description('what a restored ledger still waits for')
  asking(recovery.command('status').description('whether anything is granted again')).action(
    async (options: CommonOptions) => print(await runRecoveryStatus(contextOf(options))),
  )
  asking(recovery.command('finish').description('ends the waiting, whatever has been told'))
    .requiredOption('--by <name>', 'who answers for it')
    .action(async (options: CommonOptions & { by: string }) =>
      print(await runRecoveryFinish(contextOf(options), options.by)),
    )
}

function addCatalogueCommands(root: Command): void {
  const catalogue = root.command('catalogue').description('what is known of accelerators')
  catalogue
    .command('match')
    .description('what the catalogue makes of a printed device name')
    .argument('<name>')
    .option('--memory-mib <n>', 'memory of the card', Number)
    .option('--power-cap-w <n>', 'power cap of the card', Number)
    .option('--vendor <vendor>', VENDORS.join(', '))
    .option('--json', 'on one line')
    .action(
      (
        name: string,
        options: { memoryMib?: number; powerCapW?: number; vendor?: string; json?: boolean },
      ) =>
        print(
          runCatalogueMatch({
            name,
            memoryMib: options.memoryMib ?? null,
            powerCapW: options.powerCapW ?? null,
            vendor: options.vendor,
            json: options.json ?? false,
          }),
        ),
    )
}

function addForecastCommands(root: Command): void {
  const forecast = root.command('forecast').description('how long free windows will last')
  forecast
    .command('replay')
    .description('replays traces, answers each decision from what was known before it')
    .requiredOption('--trace <file...>', 'traces (.csv or .csv.gz); several are several sites')
    .requiredOption('--from <epoch>', 'beginning of the test, in seconds since 1970')
    .option('--decisions <file>', 'window_id,decision_epoch_s,horizon_s: what is to be answered')
    .requiredOption('--out <file>', 'window_id,decision_epoch_s,horizon_s,p is written here')
    .option('--json', 'print JSON')
    .action(async ({ json, ...options }: ForecastReplayOptions & { json?: boolean }) =>
      print(await runForecastReplay({ world, json: json ?? false }, options)),
    )
}

/** Wrong usage and a wrong configuration are the caller's to mend; everything else is a failure. */
const USAGE_CODES = new Set(['usage_invalid', 'config_invalid', 'request_invalid'])

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
    console.error(`yiben-collector: ${text}`)
    process.exit(USAGE_CODES.has(code) ? 2 : 1)
  }
} finally {
  hold.port1.close()
}
