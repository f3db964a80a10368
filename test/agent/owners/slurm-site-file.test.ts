import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseJobs, parseNodes } from '../../../agent/src/owners/slurm-answers.ts'
import {
  NEVER_ASKED,
  type Site,
  SiteFile,
  writeSite,
} from '../../../agent/src/owners/slurm-site-file.ts'
import { fixture } from '../../support/captures.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const nodes = parseNodes(fixture('slurm/22.05.8__node__some-in-use.txt')) ?? []
const jobs = parseJobs(fixture('slurm/22.05.8__job__some-in-use.txt'), {
  account: 'bank',
  partition: null,
})
const SITE: Site = {
  header: {
    knowsBank: true,
    nodes: { attemptedAtMs: 1_000, answeredAtMs: 1_000, failure: null },
    jobs: { attemptedAtMs: 900, answeredAtMs: null, failure: 'It did not answer.' },
  },
  nodes: nodes.map((node) => ({ ...node, jobs: jobs?.get(node.node) ?? null })),
}

function rig() {
  const clock = new FakeClock()
  const path = join(tempDir(), 'site')
  return { clock, path, file: new SiteFile(path, clock) }
}

describe('the site’s file', () => {
  test('comes back as it was written, and leaves nothing beside it', async () => {
    const { path, file } = rig()
    await writeSite(path, SITE, 'w1')
    expect(await file.site()).toMatchObject({ status: 'ok', sight: { told: SITE } })
    expect(readdirSync(join(path, '..'))).toEqual(['site'])
  })

  test('tells a node its own line alone', async () => {
    const { path, file } = rig()
    await writeSite(path, SITE, 'w1')
    const view = await file.ownView('typed')
    const told = view.status === 'ok' ? view.sight.told : null
    expect(told).toEqual({ header: SITE.header, record: SITE.nodes[1] })
  })

  test.each(['type', 'typed2', 'n"x', ''])('knows no node "%s"', async (name) => {
    const { path, file } = rig()
    await writeSite(path, SITE, 'w1')
    expect(await file.ownView(name)).toMatchObject({ sight: { told: { record: null } } })
  })

  test('holds no user, job, command or partition', async () => {
    const { path } = rig()
    await writeSite(path, SITE, 'w1')
    expect(readFileSync(path, 'utf8')).not.toMatch(/masked|JobId|UserId|root|batch|sleep|WorkDir/)
  })

  test('that is not there is missing, then seen', async () => {
    const { path, file } = rig()
    expect(await file.ownView('typed')).toEqual({ status: 'missing' })
    await writeSite(path, SITE, 'w1')
    expect(await file.ownView('typed')).toMatchObject({ sight: { isOld: false } })
  })

  test.each([
    ['of somebody else', 'root:x:0:0::/root:/bin/sh\n'],
    ['of another version', `${JSON.stringify({ format: 'yiben-slurm', version: 9 })}\n`],
    ['that is empty', ''],
    ['cut off in a line', '{"format":"yiben-slurm","version":1,"knowsBank":false,"nod'],
  ])('%s is refused with its path', async (_name, text) => {
    const { path, file } = rig()
    writeFileSync(path, text)
    for (const result of [await file.site(), await file.ownView('typed')]) {
      expect(result).toEqual({
        status: 'failed',
        sentence: `${path} cannot be read: it was not written by a reader of this version (format 1)`,
      })
    }
  })

  test('a folder in its place is told', async () => {
    expect(await new SiteFile(tempDir(), new FakeClock()).site()).toMatchObject({
      status: 'failed',
      sentence: expect.stringContaining('EISDIR'),
    })
  })
})

describe('how long a file has been seen', () => {
  test('begins with what is new in it, not with its being written', async () => {
    const { clock, path, file } = rig()
    await writeSite(path, SITE, 'w1')
    const sinceMs = async () => {
      const result = await file.site()
      return result.status === 'ok' ? result.sight.seenSinceMs : null
    }
    expect(await sinceMs()).toBe(0)
    clock.advance(10_000)
    await writeSite(path, SITE, 'w1')
    expect(await sinceMs()).toBe(0)
    await writeSite(path, { ...SITE, header: { ...SITE.header, jobs: NEVER_ASKED } }, 'w1')
    expect(await sinceMs()).toBe(10_000)
  })

  test('a file found at the first look is old, a later one is not', async () => {
    const { path, file } = rig()
    await writeSite(path, SITE, 'w1')
    expect(await file.site()).toMatchObject({ sight: { isOld: true } })
    await writeSite(path, { ...SITE, nodes: [] }, 'w1')
    expect(await file.site()).toMatchObject({ sight: { isOld: false } })
  })
})
