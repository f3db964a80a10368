/**
 * `balance --accounts`: recomputes from the postings of every claim that was ever promised that each
 * promised millisecond lies in exactly one account. Exit code 1 and the offending claims where not.
 */
import { AppError, renderTable } from '@yiben/shared'
import { type AccountFault, accountFaults } from '../bank/accounts-check.ts'
import { positionOf } from '../model/accounts.ts'
import type { Account } from '../model/draw.ts'
import type { BookedClaim } from '../storage/account-requests.ts'
import type { Store } from '../storage/store.ts'
import { type CommandContext, type CommandResult, jsonText, withLedger } from './command.ts'

const CLAIMS_PER_PAGE = 200
/** Faults shown; all are counted. */
const FAULTS_SHOWN_MAX = 100

interface AccountsBalance {
  claims: number
  faultsTotal: number
  readonly faults: AccountFault[]
  /** Card-ms by printed model and account: never over models (C28). */
  readonly models: Map<string, Map<Account, bigint>>
}

/** Other options narrow what is looked at, and the accounts are checked whole. */
export async function runAccountsBalance(
  context: CommandContext,
  options: { readonly accelerator?: string; readonly from?: string; readonly to?: string },
): Promise<CommandResult> {
  if ([options.accelerator, options.from, options.to].some((one) => one !== undefined)) {
    throw new AppError('usage_invalid', '--accounts stands alone: all promises are checked, whole')
  }
  const balance = await withLedger(context, balanceAccounts)
  const exitCode = balance.faultsTotal === 0 ? 0 : 1
  return { exitCode, stdout: context.json ? jsonText(factsOf(balance)) : textOf(balance) }
}

async function balanceAccounts(store: Pick<Store, 'listBookedClaims'>): Promise<AccountsBalance> {
  const balance: AccountsBalance = { claims: 0, faultsTotal: 0, faults: [], models: new Map() }
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<Store['listBookedClaims']>> = await store.listBookedClaims({
      cursor,
      limit: CLAIMS_PER_PAGE,
    })
    for (const booked of page.rows) addClaim(balance, booked)
    cursor = page.nextCursor
  } while (cursor !== null)
  return balance
}

function addClaim(balance: AccountsBalance, booked: BookedClaim): void {
  const faults = accountFaults(booked)
  balance.claims += 1
  balance.faultsTotal += faults.length
  balance.faults.push(...faults.slice(0, FAULTS_SHOWN_MAX - balance.faults.length))
  const { name } = booked.claim.profile
  const sums = balance.models.get(name) ?? new Map<Account, bigint>()
  balance.models.set(name, sums)
  for (const { account, source, fromMs, toMs } of positionOf(booked.postings).spans) {
    const ms = BigInt(toMs - fromMs)
    sums.set(source, (sums.get(source) ?? 0n) - ms)
    sums.set(account, (sums.get(account) ?? 0n) + ms)
  }
}

function rowsOf({ models }: AccountsBalance): readonly (readonly [string, string, string])[] {
  return [...models].flatMap(([model, sums]) =>
    [...sums].map(([account, ms]) => [model, account, String(ms)] as const),
  )
}

function factsOf(balance: AccountsBalance) {
  return {
    balanced: balance.faultsTotal === 0,
    claims: balance.claims,
    accounts: rowsOf(balance).map(([model, account, card_ms]) => ({ model, account, card_ms })),
    faults_total: balance.faultsTotal,
    faults: balance.faults.map(({ drawId, ordinal, fromMs, toMs, sentence }) => ({
      draw_id: drawId,
      ordinal,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      sentence,
    })),
  }
}

function textOf(balance: AccountsBalance): string {
  const table = renderTable(
    ['model', 'account', { title: 'card-ms', align: 'right' }],
    rowsOf(balance).map((row) => [...row]),
  )
  const lines = balance.faults.map(({ drawId, ordinal, fromMs, toMs, sentence }) => {
    const span = `${new Date(fromMs).toISOString()} – ${new Date(toMs).toISOString()}`
    return `  draw ${drawId}, card ${ordinal}  ${span}  ${sentence}\n`
  })
  const verdict =
    balance.faultsTotal === 0
      ? 'Every promised millisecond lies in one account.\n'
      : `${balance.faultsTotal} spans do not add up:\n${lines.join('')}`
  return `${balance.claims} claims\n\n${table}\n${verdict}`
}
