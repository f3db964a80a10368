/** Commands about nodes and whom they trust, and about where the ledger is kept: a part of `main.ts`, which hands in what all of them need. */
import type { Command } from 'commander'
import { runAdapterResend, runAdapterRun, runAdapterStatus } from './cli/adapter.ts'
import { type BundleExportOptions, runBundleExport } from './cli/bundle.ts'
import { runBundleImport } from './cli/bundle-import.ts'
import {
  type ChildAddOptions,
  type ChildResolveOptions,
  runChildAdd,
  runChildConflicts,
  runChildList,
  runChildResolve,
  runChildRevoke,
} from './cli/child.ts'
import type { CommandContext, CommandResult } from './cli/command.ts'
import { type MigrateOptions, runMigrate } from './cli/migrate.ts'
import { runNodeRevoke, runNodeRotateKey } from './cli/node.ts'
import { type RotateCaOptions, runTlsCa, runTlsRotateCa, runTlsStatus } from './cli/tls.ts'
import {
  runUpstreamEnroll,
  runUpstreamLeave,
  runUpstreamStatus,
  type UpstreamEnrollOptions,
} from './cli/upstream.ts'
import { CODE_USES } from './model/issued-code.ts'

interface CommonOptions {
  readonly config?: string
  readonly dataDir?: string
  readonly json?: boolean
}

export interface CommandKit {
  /** The options that every command has which asks the ledger. */
  readonly asking: (command: Command) => Command
  readonly contextOf: (options: CommonOptions) => CommandContext
  readonly print: (result: CommandResult) => void
}

export function addNodeCommands(root: Command, { asking, contextOf, print }: CommandKit): void {
  const node = root.command('node').description('nodes with an agent')
  asking(
    node.command('revoke').description('ends its right to tell anything').argument('<id>'),
  ).action(async (id: string, options: CommonOptions) =>
    print(await runNodeRevoke(contextOf(options), id)),
  )
  asking(
    node
      .command('rotate-key')
      .description('has nodes take a new key by themselves, as they connect')
      .argument('[id...]')
      .option('--all', 'every node that is not revoked'),
  ).action(async (ids: readonly string[], options: CommonOptions & { readonly all?: boolean }) =>
    print(await runNodeRotateKey(contextOf(options), { ids, isAll: options.all ?? false })),
  )
}

export function addTlsCommands(root: Command, { asking, contextOf, print }: CommandKit): void {
  const tls = root.command('tls').description('certificates, and the authority that nodes trust')
  asking(
    tls.command('status').description('what is shown, until when, and which nodes know it'),
  ).action(async (options: CommonOptions) => print(await runTlsStatus(contextOf(options))))
  asking(
    tls.command('ca').description('authorities that nodes are told to trust (PEM): for browsers'),
  ).action((options: CommonOptions) => print(runTlsCa(contextOf(options))))
  asking(
    tls
      .command('rotate-ca')
      .description('puts a new authority in the place of the collector’s own'),
  )
    .option('--switch-by <duration>', 'nodes are waited for no longer than this (default 14d)')
    .option('--drop-after <duration>', 'nodes away can come back for this long (default 60d)')
    .action(async (options: CommonOptions & RotateCaOptions) =>
      print(await runTlsRotateCa(contextOf(options), options)),
    )
}

export function addStorageCommands(root: Command, { asking, contextOf, print }: CommandKit): void {
  asking(root.command('migrate').description('moves the ledger to another storage, offline'))
    .requiredOption('--from <storage>', '`sqlite`: the ledger of the data folder')
    .option('--to <url>', 'an empty database: postgresql://… (default: storage.url)')
    .action(async (options: CommonOptions & MigrateOptions) =>
      print(await runMigrate(contextOf(options), options)),
    )
}

/** The national or regional node that is sent files. */
function addAdapterCommands(root: Command, { asking, contextOf, print }: CommandKit): void {
  const adapter = root
    .command('adapter')
    .description('files to a national or regional node (adapter.template)')
  asking(adapter.command('status').description('the last files, what became of them, what is due'))
    .option('--last <n>', 'so many files (default 20)')
    .action(async (options: CommonOptions & { readonly last?: string }) =>
      print(await runAdapterStatus(contextOf(options), options)),
    )
  const run = adapter.command('run').description('one more file now, by the serving process')
  for (const use of CODE_USES) {
    asking(run.command(use).description(`a run of ${use}, outside of its schedule`)).action(
      async (options: CommonOptions) => print(await runAdapterRun(contextOf(options), use)),
    )
  }
  asking(
    adapter
      .command('resend')
      .description('a file once more; of one with rejected rows these, in a new file')
      .argument('<number>', 'as `adapter status` shows it'),
  ).action(async (number: string, options: CommonOptions) =>
    print(await runAdapterResend(contextOf(options), number)),
  )
}

/** Whom this collector reports to: a parent, by a link or by bundles, and a node, by files. */
export function addFederationCommands(root: Command, kit: CommandKit): void {
  const { asking, contextOf, print } = kit
  addAdapterCommands(root, kit)
  const upstream = root.command('upstream').description('the parent this collector reports to')
  asking(upstream.command('enroll').description('admits this collector there, once'))
    .requiredOption('--url <url>', 'where the parent is: https://host:port')
    .requiredOption('--token <token>', 'as `token create --child` made it there')
    .option('--name <name>', 'what this collector is called (default: the host’s name)')
    .action(async (options: CommonOptions & UpstreamEnrollOptions) =>
      print(await runUpstreamEnroll(contextOf(options), options)),
    )
  asking(upstream.command('status').description('how the link stands')).action(
    async (options: CommonOptions) => print(await runUpstreamStatus(contextOf(options))),
  )
  asking(upstream.command('leave').description('tells the parent nothing any more')).action(
    async (options: CommonOptions) => print(await runUpstreamLeave(contextOf(options))),
  )
  const bundle = root.command('bundle').description('what a parent is told, as signed files')
  asking(bundle.command('export').description('everything since the last bundle, as the next one'))
    .requiredOption('--out <folder>', 'where it is written')
    .option('--full', 'everything there is: it needs none before it')
    .option('--from <number>', 'once more, with all that came after: where one was lost')
    .option('--name <name>', 'what this collector is called; kept for the next ones')
    .action(async (options: CommonOptions & BundleExportOptions) =>
      print(await runBundleExport(contextOf(options), options)),
    )
  asking(bundle.command('import').description('what a child tells that never connects'))
    .argument('<file...>', 'in the order of their numbers')
    .action(async (files: string[], options: CommonOptions) =>
      print(await runBundleImport(contextOf(options), files)),
    )
  const child = root.command('child').description('collectors that report to this one')
  asking(child.command('list').description('all of them, with those below them')).action(
    async (options: CommonOptions) => print(await runChildList(contextOf(options))),
  )
  asking(child.command('add').description('one that never connects'))
    .requiredOption('--key <pub>', 'public key of its ledger, as its command `key` prints it')
    .requiredOption('--name <name>', 'what it is called here')
    .option('--region <code>', 'GB/T 2260, six digits: its sites must lie there')
    .action(async (options: CommonOptions & ChildAddOptions) =>
      print(await runChildAdd(contextOf(options), options)),
    )
  asking(
    child.command('revoke').description('ends its right to tell anything').argument('<id>'),
  ).action(async (id: string, options: CommonOptions) =>
    print(await runChildRevoke(contextOf(options), id)),
  )
  asking(child.command('conflicts').description('cards that two ledgers claim')).action(
    async (options: CommonOptions) => print(await runChildConflicts(contextOf(options))),
  )
  asking(child.command('resolve').description('says whose card it is').argument('<id>'))
    .requiredOption('--keep <claim>', '`kept`: the one that counts now; `other`: the other one')
    .action(async (id: string, options: CommonOptions & ChildResolveOptions) =>
      print(await runChildResolve(contextOf(options), id, options)),
    )
}
