/** `report issue | list | show` and `export --format xlsx`, over a ledger of a month that is over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Network, silentLogger } from '@yiben/shared'
import { beforeAll, describe, expect, test } from 'vitest'
import type { CommandContext } from '../../../collector/src/cli/command.ts'
import { runExport } from '../../../collector/src/cli/export.ts'
import { runReportIssue, runReportList, runReportShow } from '../../../collector/src/cli/report.ts'
import { loadConfig } from '../../../collector/src/config.ts'
import { Roller } from '../../../collector/src/rollup/roller.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { readWorkbook, sheetOf } from '../../support/workbook-reader.ts'
import { HOUR, LedgerRig, MINUTE, START_MS } from '../bank/ledger-rig.ts'

const NETWORK: Network = { dial: () => Promise.reject(new Error('nobody is dialled')) }
const APRIL_1_MS = Date.parse('2026-04-01T06:00:00+08:00')

let folder: string
beforeAll(async () => {
  const rig = new LedgerRig()
  const node = await rig.admit(1, [{}, {}])
  await rig.live(node, [['busy/active', 3_600]])
  rig.clock.advance(HOUR)
  await rig.declareSilent(node)
  rig.clock.advance(APRIL_1_MS - rig.now)
  await new Roller({ store: rig.store, clock: rig.clock, logger: silentLogger }).drain()
  folder = mkdtempSync(join(tmpdir(), 'yiben-report-'))
  await rig.store.backup(join(folder, 'ledger.sqlite'))
  await rig.store.close()
  return () => rmSync(folder, { recursive: true, force: true })
}, 60_000)

function context(json = true): CommandContext {
  return {
    config: loadConfig({ file: null, env: {}, flags: { data_dir: folder } }),
    world: {
      clock: new FakeClock(APRIL_1_MS + 5 * MINUTE),
      random: new FakeRandom(5),
      network: NETWORK,
    },
    json,
  }
}

async function written(
  work: (write: (part: string | Uint8Array) => Promise<void>) => Promise<unknown>,
) {
  const parts: Buffer[] = []
  await work(async (part) => void parts.push(Buffer.from(part)))
  return Buffer.concat(parts)
}

describe('report', () => {
  test('is issued once under its id, listed, and shown to the byte', async () => {
    const options = { month: '2026-03', id: 'march' }
    const issued = JSON.parse((await runReportIssue(context(), options)).stdout)
    expect(issued).toMatchObject({ report_id: 'march', finality: 'preliminary', region_code: null })
    const again = await runReportIssue(context(false), options)
    expect(again.stdout).toContain(
      `march was issued before: 2026-03, preliminary, sha256 ${issued.sha256}`,
    )
    const list = await runReportList(context(false))
    expect(list.stdout).toContain('march')
    expect(JSON.parse((await runReportList(context())).stdout).reports).toEqual([issued])
    const shown = JSON.parse(
      String(await written((write) => runReportShow(context(), 'march', {}, write))),
    )
    expect(shown).toMatchObject({ sha256: issued.sha256, answer: { month: '2026-03' } })
    const book = readWorkbook(
      await written((write) => runReportShow(context(), 'march', { format: 'xlsx' }, write)),
    )
    expect(book[0]?.name).toBe('总表')
    const about = new Map(sheetOf(book, '说明').rows.map(([item, value]) => [item, value]))
    expect(about.get('用途')).toBe('command line')
  })

  test('of a month that is not over, or that is not there, is refused', async () => {
    await expect(runReportIssue(context(), { month: '2026-04' })).rejects.toMatchObject({
      code: 'month_not_over',
    })
    const show = written((write) => runReportShow(context(), 'nobody', {}, write))
    await expect(show).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('export as a workbook holds the sealed hours, to the millisecond', async () => {
  const span = {
    from: new Date(START_MS).toISOString(),
    to: new Date(START_MS + 26 * HOUR).toISOString(),
    format: 'xlsx',
  }
  const [sheet] = readWorkbook(await written((write) => runExport(context(), span, write)))
  const titles = sheet?.rows[0] ?? []
  const sum = (title: string) =>
    (sheet?.rows.slice(1) ?? []).reduce(
      (total, row) => total + Number(row[titles.indexOf(title)]),
      0,
    )
  expect(sum('型号 · 明细 · 忙 (卡·毫秒)')).toBe(2 * HOUR)
  expect(sum('型号 · 明细 · 未知 (卡·毫秒)')).toBe(2 * 25 * HOUR)
})
