/** `ledger`: the one ledger as a table; with `--json` the answer of `GET /v1/ledger`. */
import { renderTable } from '@yiben/shared'
import { type LedgerAnswer, ledgerAnswer } from '../api/answers/ledger.ts'
import { CatalogueLookup } from '../api/answers/lookup.ts'
import { loadCatalogue } from '../catalogue/catalogue.ts'
import { EVIDENCE_LEVELS } from '../rollup/evidence.ts'
import { LEDGER_GROUPINGS, type LedgerStage } from '../rollup/ledger.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import {
  type CommandContext,
  type CommandResult,
  instantOrNull,
  jsonText,
  withLedger,
  wordOf,
} from './command.ts'
import { settledLagMs } from './settled-lag.ts'

export interface LedgerOptions {
  readonly asOf?: string
  readonly knownAt?: string
  readonly by?: string
}

const STAGES: readonly LedgerStage[] = [
  'connected',
  'unknown',
  'faulty',
  'busy',
  'allocated',
  'occupied',
  'free',
  'deposited',
  'lent',
  'untold',
]

export async function runLedger(
  context: CommandContext,
  options: LedgerOptions,
): Promise<CommandResult> {
  const { config, world } = context
  const catalogue = loadCatalogue()
  const by = wordOf(options.by ?? 'total', LEDGER_GROUPINGS, '--by')
  const asOfMs = instantOrNull(options.asOf, '--as-of', config.timeZone)
  const knownAtMs = instantOrNull(options.knownAt, '--known-at', config.timeZone)
  const answer = await withLedger(context, async (store) =>
    ledgerAnswer(
      {
        store,
        lookup: new CatalogueLookup(catalogue),
        ledger: await store.ledgerState(),
        catalogueVersion: catalogue.version,
        timeZone: config.timeZone,
        settledLagMs: settledLagMs(config),
      },
      { scope: SCOPE_ALL, asOfMs, knownAtMs, by, nowMs: world.clock.wallMs() },
    ),
  )
  return { exitCode: 0, stdout: context.json ? jsonText(answer) : ledgerText(answer) }
}

/** Cards above, P below: what is unrated stands in the one and not in the other. */
function ledgerText(answer: LedgerAnswer): string {
  const head = [
    answer.demo ? 'DEMO: nothing of this is real.\n' : '',
    `The one ledger as of ${answer.as_of}, as known at ${answer.known_at} (${answer.finality})\n`,
    `definition ${answer.definition_version}, catalogue ${answer.catalogue_version}, `,
    'P = PFLOPS, FP16 dense\n\n',
  ]
  const right = { align: 'right' } as const
  const titles = [
    answer.by,
    '',
    { title: 'declared', ...right },
    ...STAGES.map((stage) => ({ title: stage, ...right })),
    { title: 'coverage', ...right },
    { title: 'access', ...right },
    { title: 'unrated', ...right },
  ]
  const rows = answer.rows.flatMap((row) => [
    [
      row.key ?? '(none)',
      'cards',
      String(row.declared.cards),
      ...STAGES.map((stage) => String(row.stages[stage].cards)),
      percentText(row.coverage),
      '',
      String(row.unrated_cards),
    ],
    [
      '',
      'P',
      shortP(row.declared.p),
      ...STAGES.map((stage) => shortP(row.stages[stage].p)),
      '',
      percentText(row.access_rate),
      '',
    ],
  ])
  return `${head.join('')}${renderTable(titles, rows)}${tailText(answer)}`
}

/** What stands beside the stages, over all rows; flags one by one. */
function tailText({ rows }: LedgerAnswer): string {
  const sum = (figure: (row: LedgerAnswer['rows'][number]) => number) =>
    rows.reduce((all, row) => all + figure(row), 0)
  const [away, lapsed] = [sum((row) => row.not_connected_cards), sum((row) => row.lapsed_cards)]
  const levels = EVIDENCE_LEVELS.map((level) => {
    return `${level.replace('_', ' ')} ${sum((row) => row.evidence[level].cards)}`
  })
  const lines = [`evidence, in cards: ${levels.join(', ')}`]
  const nodes = rows.flatMap(({ cpu }) => cpu ?? [])
  if (nodes.length > 0) {
    const [cores, untold] = [sum(({ cpu }) => cpu?.cores ?? 0), nodesWithoutCores(nodes)]
    lines.push(`processor cores of connected nodes, never P: ${cores}${untold}`)
  }
  if (away + lapsed > 0) {
    lines.push(`not connected for 24 h: ${away} cards; for 30 days or never: ${lapsed} cards`)
  }
  const flags = rows.flatMap(({ declared }) => declared.flag?.sentence ?? [])
  return `\n${[...lines, ...flags].join('\n')}\n`
}

function nodesWithoutCores(rows: readonly { readonly nodes_without_cores: number }[]): string {
  const nodes = rows.reduce((sum, row) => sum + row.nodes_without_cores, 0)
  return nodes === 0 ? '' : ` (${nodes} nodes do not tell)`
}

function percentText(ratio: number | null): string {
  return ratio === null ? '–' : `${(ratio * 100).toFixed(1)} %`
}

/** Three decimals, cut: a table never shows more than there is. */
function shortP(text: string): string {
  const [whole = '0', fraction = ''] = text.split('.')
  return `${whole}.${fraction.slice(0, 3).padEnd(3, '0')}`
}
