/**
 * `balance`: proves from the raw rows that the seven states add up to wall time, with the coverage.
 * Exit code 1 and the offending spans where they do not.
 */
import { AppError, renderTable } from '@yiben/shared'
import { type BalanceAnswer, balanceAnswer } from '../api/answers/balance.ts'
import { acceleratorIdOf } from '../api/routes/accelerators.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { runAccountsBalance } from './balance-accounts.ts'
import {
  type CommandContext,
  type CommandResult,
  instantOrNull,
  jsonText,
  withLedger,
} from './command.ts'

export interface BalanceOptions {
  /** The double entry check of the accounts instead. */
  readonly accounts?: boolean
  readonly accelerator?: string
  readonly from?: string
  readonly to?: string
}

export async function runBalance(
  context: CommandContext,
  options: BalanceOptions,
): Promise<CommandResult> {
  if (options.accounts === true) return runAccountsBalance(context, options)
  const { config, world } = context
  const nowMs = world.clock.wallMs()
  const fromMs = instantOrNull(options.from, '--from', config.timeZone)
  const toMs = instantOrNull(options.to, '--to', config.timeZone) ?? nowMs
  if (fromMs !== null && toMs <= fromMs) {
    throw new AppError('usage_invalid', '--to must be later than --from')
  }
  const answer = await withLedger(context, async (store) => {
    const acceleratorId = await acceleratorOf(store, options.accelerator)
    const { isDemo } = await store.ledgerState()
    const ask = { scope: SCOPE_ALL, acceleratorId, fromMs, toMs, nowMs, isDemo }
    return balanceAnswer(store, ask)
  })
  const exitCode = answer.balanced ? 0 : 1
  return { exitCode, stdout: context.json ? jsonText(answer) : balanceText(answer) }
}

async function acceleratorOf(store: Store, text: string | undefined): Promise<number | null> {
  if (text === undefined) return null
  const id = acceleratorIdOf(text)
  if (id === null) {
    throw new AppError('usage_invalid', '--accelerator must be a code such as YA0000002SX')
  }
  if ((await store.findUnits(SCOPE_ALL, id)).length === 0) {
    throw new AppError('not_found', `there is no accelerator ${text}`)
  }
  return id
}

function balanceText(answer: BalanceAnswer): string {
  const states = Object.entries(answer.states).map(([name, ms]) => [name.replace(/_ms$/, ''), ms])
  const right = { align: 'right' } as const
  const table = renderTable(
    ['state', { title: 'card-ms', ...right }],
    [...states, ['wall time', answer.wall_ms]],
  )
  const coverage = answer.coverage === null ? '–' : `${(answer.coverage * 100).toFixed(3)} %`
  const lines = [
    answer.demo ? 'DEMO: nothing of this is real.' : '',
    `${answer.units} units, ${answer.from} to ${answer.to}, coverage ${coverage}`,
  ].filter((line) => line !== '')
  const verdict = answer.balanced
    ? 'The states add up to wall time.\n'
    : `${answer.errors_total} spans do not add up:\n${answer.errors
        .map(({ unit_id, kind, from, to, sentence }) => {
          return `  unit ${unit_id}  ${kind}  ${from} – ${to}  ${sentence}\n`
        })
        .join('')}`
  return `${lines.join('\n')}\n\n${table}\n${verdict}`
}
