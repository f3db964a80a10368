/**
 * One node with the cards of several makers, through real processes: a tool that hangs costs its
 * own cards and nobody else's, and every card is counted once with its own share of P, whether its
 * tool lists dies, boards or the slices cut out of it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fixture } from '../support/captures.ts'
import { E2eWorld } from '../support/e2e-world.ts'

/** Answers any arguments with a file. */
function prints(world: E2eWorld, name: string, text: string): string {
  const file = join(world.folder, name)
  writeFileSync(file, text)
  return `exec cat '${file}'`
}

/** Never comes back, and takes no hint. */
const HANGS = "trap '' TERM; while :; do sleep 1000; done"

const GPU_UUID = 'GPU-513536b6-7d19-9063-b049-1e69664bb298'

/** An H800 cut into two slices of 3 and one of 1, as `-q -x` and `-L` tell it together. */
function cutH800(world: E2eWorld): string {
  const xml = fixture('nvidia/a100-mig4__535__idle.txt').replace(
    '<product_name>NVIDIA A100-SXM4-80GB<',
    '<product_name>NVIDIA H800<',
  )
  const list = [
    `GPU 0: NVIDIA H800 (UUID: ${GPU_UUID})`,
    ...['3g.40gb', '2g.20gb', '1g.10gb', '1g.10gb'].map(
      (profile, at) =>
        `  MIG ${profile}     Device  ${at}: (UUID: MIG-11111111-2222-3333-4444-00000000000${at})`,
    ),
  ]
  const answers = {
    '-L': prints(world, 'h800.list', `${list.join('\n')}\n`),
    '-q -x': prints(world, 'h800.xml', xml),
  }
  const cases = Object.entries(answers).map(([args, body]) => `'${args}') ${body};;`)
  return `case "$*" in\n${cases.join('\n')}\nesac\nexit 64`
}

interface ModelRow {
  readonly key: string
  readonly stages: { readonly connected: { readonly cards: number; readonly p: string } }
}

describe('a node with cards of several makers', () => {
  test('one tool that hangs leaves the cards of the others as they are', async () => {
    await using world = new E2eWorld()
    await world.collector.start()
    const agent = world.machine({
      name: 'node-mixed',
      nodeTag: 'c3',
      vendors: { nvidia: 2, ascend: 2 },
      only: ['nvidia', 'ascend', 'iluvatar'],
      tools: {
        ixsmi: prints(world, 'biv150.xml', fixture('iluvatar/bi-v150-x2__4.3__load.txt')),
      },
    })
    await world.enroll([agent])
    agent.start()
    // The dies of the BI-V150 hold a model: one is at work, one waits.
    await world.seen({ connected: 6, free: 4 })
    agent.cards.nvidia?.break(HANGS)
    await world.seen({ connected: 6, unknown: 2, free: 2 })
    agent.cards.ascend?.set('busy')
    await world.seen({ unknown: 2, free: 0 })
    const status = await agent.status()
    expect(status?.units.filter(({ code }) => code?.startsWith('unknown'))).toHaveLength(2)
    agent.cards.nvidia?.repair()
    await world.seen({ unknown: 0, free: 2 }, 90_000)
    expect(await agent.stop(20_000)).not.toBeNull()
  }, 180_000)

  test('P of dies, boards and cut cards comes out once', async () => {
    await using world = new E2eWorld()
    await world.collector.start()
    const agent = world.machine({
      name: 'node-dies',
      nodeTag: 'd4',
      vendors: {},
      only: ['nvidia', 'ascend', 'amd', 'iluvatar'],
      tools: {
        'npu-smi': prints(world, '910c.txt', fixture('ascend/910c-x1__25.2__idle.txt')),
        'rocm-smi': prints(
          world,
          'mi250.json',
          fixture('amd/mi250-two-dies__rocm6.0__half-load.txt'),
        ),
        ixsmi: prints(world, 'biv150.xml', fixture('iluvatar/bi-v150-x2__4.3__load.txt')),
        'nvidia-smi': cutH800(world),
      },
    })
    await world.enroll([agent])
    agent.start()
    await world.seen({ connected: 7 })
    const { body } = await world.collector.get('/v1/ledger?by=model')
    const models: ModelRow[] = body.rows
    expect(
      models.map(({ key, stages: { connected } }) => [key, connected.cards, connected.p]),
    ).toEqual([
      ['Ascend 910C (one die, as listed by npu-smi)', 2, '0.752'],
      ['BI-V150 (TianGai 150)', 2, '0.192'],
      ['H800 SXM', 1, '0.9894'],
      ['Instinct MI250', 2, '0.3621'],
    ])
    const units = (await agent.status())?.units ?? []
    // The cut card, its four slices and the rest beside the seven that count.
    expect(units.filter(({ name }) => name.includes('H800'))).toHaveLength(6)
  }, 120_000)
})
