/** What nodes have told the second bookkeeper of their cards, in lists that only grow. */
import type { LeaseRecord, RunName } from '@yiben/shared'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'

export interface ToldRun {
  readonly fromMs: number
  readonly toMs: number
  readonly name: RunName
}

export type NodeRecord = LeaseRecord & { readonly unitIds: readonly UnitId[] }

export interface CardFile {
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly isFenced: boolean
  readonly runs: ToldRun[]
  isWithheld: boolean
  saidLeftMs: number | null
  /** When consent was last given or taken back. */
  spokenMs: number
  /** When time of it was last told late: late free time opens no deposit. */
  toldLateMs: number
  /** Instants at which he heard that consent was over. */
  readonly withheldHeardMs: number[]
}

const LATE_MS = 30_000

export class Evidence {
  readonly #cards = new Map<UnitId, CardFile>()
  readonly #toldToMs = new Map<NodeId, number>()
  readonly #silent = new Set<NodeId>()

  card(
    unitId: UnitId,
    { atMs, ...place }: Pick<CardFile, 'isFenced' | 'nodeId' | 'siteCode'> & { atMs: number },
  ): void {
    const none = {
      runs: [],
      isWithheld: false,
      saidLeftMs: null,
      toldLateMs: 0,
      spokenMs: 0,
      withheldHeardMs: [],
    }
    this.#cards.set(unitId, { ...place, ...none })
    this.#toldToMs.set(place.nodeId, atMs)
  }

  told(unitId: UnitId, run: ToldRun, heardMs: number): void {
    const { nodeId, runs } = this.file(unitId)
    runs.push(run)
    if (heardMs - run.toMs > LATE_MS) this.file(unitId).toldLateMs = heardMs
    this.#toldToMs.set(nodeId, Math.max(run.toMs, this.toldToMs(nodeId)))
  }

  /** `false`: that is nothing new. */
  consent(unitId: UnitId, isGiven: boolean, heardMs: number): boolean {
    const file = this.file(unitId)
    if (file.isWithheld === !isGiven) return false
    file.isWithheld = !isGiven
    file.spokenMs = heardMs
    if (!isGiven) file.withheldHeardMs.push(heardMs)
    return true
  }

  /** Its node has said at once that the card has left free: no run tells of it yet. */
  saidAtOnce(unitId: UnitId, heardMs: number): void {
    this.file(unitId).saidLeftMs = heardMs
  }

  silent(nodeId: NodeId, isSilent: boolean): void {
    if (isSilent) this.#silent.add(nodeId)
    else this.#silent.delete(nodeId)
  }

  isSilent(nodeId: NodeId): boolean {
    return this.#silent.has(nodeId)
  }

  toldToMs(nodeId: NodeId): number {
    return this.#toldToMs.get(nodeId) ?? 0
  }

  file(unitId: UnitId): CardFile {
    const file = this.#cards.get(unitId)
    if (file === undefined) throw new Error(`nobody knows the card ${unitId}`)
    return file
  }

  cardsAt(siteCode: string | null): readonly UnitId[] {
    return [...this.#cards].flatMap(([unitId, file]) =>
      file.siteCode === siteCode ? [unitId] : [],
    )
  }
}
