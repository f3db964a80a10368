/** Whose certificate a parent may show: pinned by the token, told since, named in a file. */
import { keyPairFromSeed, signTrustRoots, silentLogger } from '@yiben/shared'
import { beforeAll, expect, test } from 'vitest'
import { type Keyed, makeAuthority } from '../../../collector/src/tls/issue.ts'
import { derOf } from '../../../collector/src/tls/told.ts'
import { UpstreamFolder } from '../../../collector/src/upstream/folder.ts'
import { ParentTrust } from '../../../collector/src/upstream/parent-trust.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const PARENT = keyPairFromSeed(1, new Uint8Array(32).fill(7))
const STRANGER = keyPairFromSeed(1, new Uint8Array(32).fill(8))

let pinned: Keyed
let next: Keyed
let filed: Keyed

beforeAll(async () => {
  const make = () => makeAuthority({ random: new FakeRandom(1), nowMs: 0 })
  ;[pinned, next, filed] = await Promise.all([make(), make(), make()])
})

function trustIn(folder: UpstreamFolder, readFile: () => string | null = () => null) {
  const enrollment = folder.readEnrollment()
  if (enrollment === null) throw new Error('it is enrolled')
  return new ParentTrust({ folder, enrollment, readFile, log: silentLogger })
}

function enrolled(authority: string | null, folder = new UpstreamFolder(tempDir())) {
  const parent = { algorithm: PARENT.algorithm, publicKey: PARENT.publicKey }
  folder.openSpool(new FakeRandom(2), silentLogger).close()
  const url = 'wss://parent.example:7480/v1/link'
  folder.writeEnrollment({ childId: 'c-1', name: 'East', url, parent, tokenId: 't', authority })
  return folder
}

const told = (version: number, by = PARENT) =>
  signTrustRoots(by, { version, roots: [derOf(next.cert)] })
const lines = (pem: string | null) => (pem ?? '').split('\n').filter((line) => line !== '')

test('what the parent tells takes the place of what the token pinned, after a restart too', () => {
  const folder = enrolled(pinned.cert)
  const trust = trustIn(folder)
  expect(lines(trust.ca)).toEqual(lines(pinned.cert))
  expect(trust.hear(told(5, STRANGER))).toBeNull()
  expect(lines(trust.ca)).toEqual(lines(pinned.cert))
  expect(trust.hear(told(5))).toBe(5)
  for (const one of [trust, trustIn(folder)]) {
    expect(lines(one.ca)).toEqual(lines(next.cert))
    expect(one.hear(told(4))).toBe(5)
  }
})

test('enrolled again it goes by the new token alone', () => {
  const folder = enrolled(pinned.cert)
  trustIn(folder).hear(told(5))
  enrolled(filed.cert, folder)
  expect(lines(trustIn(folder).ca)).toEqual(lines(filed.cert))
})

test('a file stands beside that, and stays as it was while it cannot be read', () => {
  let text: string | null = filed.cert
  const trust = trustIn(enrolled(pinned.cert), () => {
    if (text === null) throw new Error('gone')
    return text
  })
  const both = [...lines(pinned.cert), ...lines(filed.cert)]
  expect(lines(trust.ca)).toEqual(both)
  text = null
  expect(lines(trust.ca)).toEqual(both)
  trust.hear(told(5))
  expect(lines(trust.ca)).toEqual([...lines(next.cert), ...lines(filed.cert)])
})

test('with nothing pinned and no file it is the system’s authorities', () => {
  expect(trustIn(enrolled(null)).ca).toBeNull()
})
