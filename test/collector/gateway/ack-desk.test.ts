/** Acknowledgements: what they grant is told when it changes, and costs nothing otherwise. */
import { type Duplex, decodeToNode } from '@yiben/shared'
import { expect, test } from 'vitest'
import { AckDesk } from '../../../collector/src/gateway/ack-desk.ts'
import { GatewayCounts } from '../../../collector/src/gateway/counts.ts'
import { FakeClock } from '../../support/fake-clock.ts'

test('a window is told when it is another than was told last', () => {
  const told: number[] = []
  const socket = {
    send: (frame: Uint8Array) => {
      const message = decodeToNode(frame)
      if (message.kind === 'ack') told.push(message.ack.windowFrames)
    },
    bufferedBytes: () => 0,
  } as unknown as Duplex
  let granted = 8
  const desk = new AckDesk(socket, new FakeClock(), new GatewayCounts(), () => granted)
  desk.acknowledge(1, [])
  desk.acknowledge(2, [])
  granted = 2
  desk.acknowledge(3, [])
  desk.acknowledge(4, [])
  granted = 8
  desk.acknowledge(5, [])
  // A welcome has granted 2.
  expect(told).toEqual([8, 0, 2, 0, 8])
})
