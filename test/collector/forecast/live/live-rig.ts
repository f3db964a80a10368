/** Followers of the forecast over a real ledger in memory; nodes live side by side, minute by minute. */
import { type RunName, silentLogger } from '@yiben/shared'
import {
  ForecastFollower,
  type ForecastFollowerOptions,
  type ForecastStore,
} from '../../../../collector/src/forecast/live/follower.ts'
import { workInProcess } from '../../../../collector/src/forecast/live/work.ts'
import type { NodeId, UnitId } from '../../../../collector/src/model/ids.ts'
import { LedgerRig, MINUTE } from '../../bank/ledger-rig.ts'

export class LiveRig {
  readonly rig = new LedgerRig()
  readonly nodes: NodeId[] = []
  readonly unitIds: UnitId[] = []

  /** Nodes of so many cards each, at sites `SITE-1` and so on. */
  static async start(nodes: readonly { readonly cards: number; readonly site?: number }[]) {
    const live = new LiveRig()
    for (const [index, { cards, site = 1 }] of nodes.entries()) {
      const specs = Array.from({ length: cards }, () => ({}))
      const nodeId = await live.rig.admit(index + 1, specs, `SITE-${site}`)
      await live.rig.policy(nodeId)
      live.nodes.push(nodeId)
      for (const { unitId } of await live.rig.units(nodeId)) live.unitIds.push(unitId)
    }
    return live
  }

  follower(options: Partial<ForecastFollowerOptions> = {}): ForecastFollower {
    return new ForecastFollower({
      store: this.rig.store,
      clock: this.rig.clock,
      logger: silentLogger,
      work: workInProcess,
      kindKeyOf: ({ name }) => name,
      ...options,
    })
  }

  /** The same ledger for a follower that is never killed: what it keeps is in nobody's way. */
  forgetful(): ForecastStore {
    const { store } = this.rig
    return {
      readNodeSights: (after, limit) => store.readNodeSights(after, limit),
      readWindowsFrom: (keys) => store.readWindowsFrom(keys),
      readCursor: async () => 0,
      readForecastState: async () => null,
      writeForecastState: async () => ({ status: 'written' }),
      writeForecastHour: async () => ({ status: 'known' }),
    }
  }

  /** One minute of every node: one state, or pieces of it in seconds; `null`: it tells nothing. */
  async minute(doings: readonly (RunName | readonly (readonly [RunName, number])[] | null)[]) {
    this.rig.clock.advance(MINUTE)
    for (const [index, nodeId] of this.nodes.entries()) {
      const doing = doings[index] ?? null
      if (doing === null) continue
      await this.rig.tellLate(nodeId, typeof doing === 'string' ? [[doing, 60]] : doing)
    }
  }
}
