/**
 * What can happen to a world, as a table: how common each is, and what is done. Each undoes itself
 * after a drawn time where it can be undone; the rest is mended when the world is healed.
 */
import type { Chance } from './chance.ts'
import { letInForger, restoreCollector, upgradeAgent } from './disasters.ts'
import type { SimNode } from './node.ts'
import type { SimWorld } from './world.ts'

const MINUTE_MS = 60_000
/** No clock of the world is further from the truth. */
const WALL_OFFSET_MS_MAX = 40_000

interface Fault {
  readonly name: string
  readonly weight: number
  readonly strike: (world: SimWorld, chance: Chance) => void
}

export const FAULTS: readonly Fault[] = [
  { name: 'agent killed', weight: 4, strike: killAgent },
  { name: 'agent killed at a write', weight: 4, strike: crashAgent },
  { name: 'agent stopped in order', weight: 2, strike: stopAgent },
  { name: 'power lost', weight: 3, strike: losePower },
  { name: 'collector killed', weight: 4, strike: killCollector },
  { name: 'collector killed at a write', weight: 5, strike: crashCollector },
  { name: 'collector stopped in order', weight: 2, strike: stopCollector },
  { name: 'partition of a node', weight: 4, strike: partitionOne },
  { name: 'partition of all', weight: 3, strike: partitionAll },
  { name: 'slow line', weight: 3, strike: slowLine },
  { name: 'wall clock of a node', weight: 3, strike: stepNode },
  { name: 'wall clock of the collector', weight: 2, strike: stepCollector },
  { name: 'spool lost', weight: 2, strike: loseSpool },
  { name: 'spool restored from a copy', weight: 3, strike: forkSpool },
  { name: 'disk of a node full', weight: 3, strike: fillNodeDisk },
  { name: 'disk of the collector full', weight: 3, strike: fillCollectorDisk },
  { name: 'card moved', weight: 3, strike: moveCard },
  { name: 'card cut otherwise', weight: 3, strike: cutCard },
  { name: 'tool hangs', weight: 3, strike: hangTool },
  { name: 'node copied', weight: 2, strike: copyNode },
  { name: 'owner takes back and gives again', weight: 5, strike: takeBack },
  { name: 'collector restored from a backup', weight: 6, strike: restoreCollector },
  { name: 'agent upgraded', weight: 3, strike: upgradeAgent },
  { name: 'forger let in', weight: 5, strike: letInForger },
]

export function drawFault(chance: Chance): Fault {
  const total = FAULTS.reduce((sum, fault) => sum + fault.weight, 0)
  let left = chance.whole(0, total)
  for (const fault of FAULTS) {
    left -= fault.weight
    if (left < 0) return fault
  }
  return FAULTS[0] as Fault
}

export function faultNamed(name: string): Fault {
  const fault = FAULTS.find((one) => one.name === name)
  if (fault === undefined) throw new Error(`no fault is called ${name}`)
  return fault
}

function later(world: SimWorld, delayMs: number, run: () => void): void {
  world.fate.clock.after(delayMs, run)
}

function startLater(world: SimWorld, node: SimNode, delayMs: number): void {
  later(world, delayMs, () => {
    if (node.hasDisk) node.start()
  })
}

function killAgent(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  world.note(`${node.name} is killed`)
  node.kill()
  startLater(world, node, chance.whole(1, 60) * 1_000)
}

function crashAgent(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const writes = chance.whole(1, 12)
  const isBefore = chance.isHeads
  world.note(`${node.name} will die ${isBefore ? 'before' : 'after'} write ${writes}`)
  node.crashAt(writes, isBefore)
  startLater(world, node, chance.whole(60, 180) * 1_000)
}

function stopAgent(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  world.note(`${node.name} is stopped`)
  const delayMs = chance.whole(5, 200) * 1_000
  void node.stop().then(() => startLater(world, node, delayMs))
}

function losePower(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  world.note(`${node.name} loses power`)
  node.kill(true)
  startLater(world, node, chance.whole(60, 240) * 1_000)
}

function startCollectorLater(world: SimWorld, delayMs: number): void {
  later(world, delayMs, () => void world.collector.start())
}

function killCollector(world: SimWorld, chance: Chance): void {
  world.note('the collector is killed')
  world.collector.kill()
  startCollectorLater(world, chance.whole(1, chance.isHeads ? 60 : 240) * 1_000)
}

function crashCollector(world: SimWorld, chance: Chance): void {
  const writes = chance.whole(1, 12)
  const isBefore = chance.isHeads
  world.note(`the collector will die ${isBefore ? 'before' : 'after'} write ${writes}`)
  world.collector.crashAt(writes, isBefore)
  startCollectorLater(world, chance.whole(60, 150) * 1_000)
}

function stopCollector(world: SimWorld, chance: Chance): void {
  world.note('the collector is stopped')
  const delayMs = chance.whole(1, 150) * 1_000
  void world.collector.stop().then(() => startCollectorLater(world, delayMs))
}

function partition(world: SimWorld, nodes: readonly SimNode[], chance: Chance): void {
  const state = chance.isHeads ? 'cut' : 'silent'
  const delayMs = chance.whole(10, 300) * 1_000
  for (const node of nodes) {
    world.note(`the line of ${node.name} is ${state} for ${delayMs / 1000} s`)
    node.line.setState(state)
    later(world, delayMs, () => node.line.setState('up'))
  }
}

function partitionOne(world: SimWorld, chance: Chance): void {
  partition(world, [chance.of(world.nodes)], chance)
}

function partitionAll(world: SimWorld, chance: Chance): void {
  partition(world, world.nodes, chance)
}

function slowLine(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const { line } = node
  line.delayMs = chance.whole(200, 6_000)
  world.note(`the line of ${node.name} takes ${line.delayMs} ms and more`)
  later(world, chance.whole(1, 6) * MINUTE_MS, () => {
    line.delayMs = 1
  })
}

function stepNode(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const toMs = chance.whole(-WALL_OFFSET_MS_MAX, WALL_OFFSET_MS_MAX)
  world.note(`the clock of ${node.name} is ${toMs} ms off`)
  node.stepWall(toMs)
  if (chance.isHeads) later(world, chance.whole(1, 8) * MINUTE_MS, () => node.stepWall(0))
}

function stepCollector(world: SimWorld, chance: Chance): void {
  const toMs = chance.isHeads ? WALL_OFFSET_MS_MAX : -WALL_OFFSET_MS_MAX
  world.note(`the clock of the collector is ${toMs} ms off`)
  world.collector.stepWall(toMs)
  later(world, chance.whole(1, 8) * MINUTE_MS, () => world.collector.stepWall(0))
}

function loseSpool(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const isSalvageLost = chance.isHeads
  world.note(`${node.name} loses its spool${isSalvageLost ? ' and all that is beside it' : ''}`)
  node.kill()
  node.loseSpool(isSalvageLost)
  startLater(world, node, chance.whole(1, 60) * 1_000)
}

/** A copy is made now and restored some minutes later, as a careless backup does. */
function forkSpool(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const copy = world.mkdir(`copy-of-${node.name}`)
  world.note(`the disk of ${node.name} is copied`)
  node.copyDisk(copy)
  const startMs = chance.whole(1, 30) * 1_000
  later(world, chance.whole(10, 300) * 1_000, () => {
    if (!node.hasDisk) return
    world.note(`${node.name} gets its old disk back`)
    node.kill()
    node.restoreDisk(copy)
    startLater(world, node, startMs)
  })
}

function fillNodeDisk(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const delayMs = chance.whole(10, 400) * 1_000
  const freeBytes = node.freeBytes
  const isAll = chance.isHeads
  world.note(`the disk of ${node.name} takes ${isAll ? 'nothing' : 'no records'}`)
  if (isAll) node.setDiskFull(true)
  else node.freeBytes = 0
  later(world, delayMs, () => {
    node.setDiskFull(false)
    node.freeBytes = Math.max(freeBytes, node.freeBytes)
  })
}

function fillCollectorDisk(world: SimWorld, chance: Chance): void {
  world.note('the disk of the collector is full')
  world.collector.setDiskFull(true)
  later(world, chance.whole(10, 200) * 1_000, () => world.collector.setDiskFull(false))
}

/** Out of one machine and into another, or back, now or after a while. */
function moveCard(world: SimWorld, chance: Chance): void {
  const from = chance.of(world.nodes)
  const to = chance.of(world.nodes)
  const card = from.plugged.pop()
  if (card === undefined) return
  const delayMs = chance.whole(0, 240) * 1_000
  world.note(`${card.key} leaves ${from.name} and comes to ${to.name} in ${delayMs / 1000} s`)
  later(world, delayMs, () => void to.plugged.push(card))
}

function cutCard(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  if (node.plugged.length === 0) return
  const card = chance.of(node.plugged)
  const slices = chance.whole(0, 4)
  world.note(`${card.key} on ${node.name} is cut into ${slices}`)
  card.slices = slices
}

function hangTool(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const delayMs = chance.whole(5, 180) * 1_000
  world.note(`the tool of ${node.name} hangs for ${delayMs / 1000} s`)
  node.hangProbe(world.nowMs + delayMs)
}

/** The owner's word: for an instant, or for minutes. */
function takeBack(world: SimWorld, chance: Chance): void {
  const node = chance.of(world.nodes)
  const delayMs = chance.isHeads ? chance.whole(1, 900) : chance.whole(1, 240) * 1_000
  if (!node.isAlive) return
  world.note(`the owner takes the cards of ${node.name} back for ${delayMs} ms`)
  node.life.agent.reclaim([])
  later(world, delayMs, () => {
    if (node.isAlive) node.life.agent.offer([])
  })
}

/** The disk of a node in another machine, or in the same kind of box: it must disturb nobody. */
function copyNode(world: SimWorld, chance: Chance): void {
  const original = chance.of(world.nodes)
  if (original.nodeId === null) return
  const path = world.mkdir('disk-image')
  original.copyDisk(path)
  const copy = world.newCopy(original, chance.isHeads)
  copy.restoreDisk(path)
  // After a restore nobody knows which of two alike was first: the copy may be taken for it.
  if (original.resembles(copy)) original.spoolLife += 1
  world.note(`${original.name} is copied to ${copy.name}`)
  copy.start()
  later(world, chance.whole(30, 300) * 1_000, () => copy.kill())
}
