/** The HTTP interface over two nodes of two cards, at two sites: all free, deposited, and fenced. */
import type { RunName } from '@yiben/shared'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { MINUTE, SITE } from '../bank/ledger-rig.ts'
import { type Answer, ApiRig } from './api-rig.ts'

export const OTHER_SITE = 'NM-01'

type As = Parameters<ApiRig['ask']>[2]

export class TwoSites {
  readonly api: ApiRig
  readonly here: NodeId
  readonly there: NodeId
  /** Of a bank that is bound to the first node's site. */
  readonly bound: { readonly token: string }

  private constructor(api: ApiRig, nodes: readonly [NodeId, NodeId], bound: string) {
    this.api = api
    this.here = nodes[0]
    this.there = nodes[1]
    this.bound = { token: bound }
  }

  static async start(change: Parameters<typeof ApiRig.start>[0] = {}): Promise<TwoSites> {
    const api = await ApiRig.start(change)
    const here = await node(api, 1, SITE)
    const there = await node(api, 2, OTHER_SITE)
    const bound = await api.token({ role: 'bank', siteCode: SITE })
    const sites = new TwoSites(api, [here, there], bound)
    for (let minute = 0; minute < 2; minute += 1) await sites.minute()
    return sites
  }

  /** A minute in which the first node's cards do this, and the other's are free. */
  async minute(here: RunName = 'free/proven'): Promise<void> {
    const { rig } = this.api
    rig.clock.advance(MINUTE)
    await rig.tellLate(this.here, [[here, 60]])
    await rig.tellLate(this.there, [['free/proven', 60]])
    await this.api.settle()
  }

  hold(drawId: string, change: object = {}, as: As = 'bank', query = ''): Promise<Answer> {
    const body = {
      draw_id: drawId,
      bank: 'bank',
      borrower: 'borrower',
      contract: 'c-1',
      pool: { cards: 1 },
      hours: 1,
      ...change,
    }
    return this.api.ask('POST', `/v1/draws${query}`, as, body)
  }

  step(drawId: string, name: string, body?: object, as: As = 'bank'): Promise<Answer> {
    return this.api.ask('POST', `/v1/draws/${drawId}/${name}`, as, body)
  }
}

async function node(api: ApiRig, number: number, site: string): Promise<NodeId> {
  const nodeId = await api.rig.admit(number, [{}, {}], site)
  const handover = { kind: 'slurm', isFenced: true, endpoint: 'login', queue: 'bank' } as const
  await api.rig.policy(nodeId, { handover, minFreeMs: MINUTE })
  return nodeId
}
