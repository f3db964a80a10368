/** What the packages promise before anybody installs them: their parts, their scripts, their needs. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openFileSpool, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { VENDOR_ACCESS } from '../../agent/src/probes/access.ts'
import { AGENT_PACKAGE } from '../../scripts/package/agent.ts'
import { COLLECTOR_PACKAGE } from '../../scripts/package/collector-tree.ts'
import type { PackageDescription } from '../../scripts/package/description.ts'
import { isTooNew } from '../../scripts/package/glibc.ts'
import { ARCHITECTURES, VERSION } from '../../scripts/package/root.ts'
import { sbomOf } from '../../scripts/package/sbom.ts'
import { placeScripts, scriptOf } from '../../scripts/package/scripts.ts'
import { homeOf } from '../../scripts/package/tree.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { SPOOL_FORMAT } from '../../shared/src/spool/database.ts'
import { tempDir } from '../support/temp-dir.ts'

/** As the archive has them. */
function scriptsOf(description: PackageDescription): string {
  const folder = tempDir()
  placeScripts(description, folder)
  return folder
}

describe('the groups of the agent’s user', () => {
  test('are those of the vendors’ table', () => {
    const text = readFileSync(join(scriptsOf(AGENT_PACKAGE), 'lifecycle.sh'), 'utf8')
    const [, list = ''] = /^yiben_groups='(.*)'$/m.exec(text) ?? []
    const table = new Set(VENDOR_ACCESS.flatMap(({ groups }) => groups))
    expect(list.split(' ').sort()).toEqual([...table].sort())
  })
})

describe('the tree', () => {
  const architecture = ARCHITECTURES.find((one) => one === process.arch)
  test.runIf(process.platform === 'linux' && architecture !== undefined)(
    'runs by itself, its native part too',
    async () => {
      if (architecture === undefined) throw new Error('runs on no architecture of ours')
      const root = tempDir()
      await AGENT_PACKAGE.buildTree(root, architecture)
      const home = homeOf(root, AGENT_PACKAGE.name)
      const node = join(home, 'bin/node')
      const env = { PATH: '/nowhere' }
      const said = execFileSync(node, [join(home, 'app/yiben-agent.mjs'), '--version'], { env })
      expect(said.toString().trim()).toBe(VERSION)
      const call = "console.log(koffi.load('libc.so.6').func('int abs(int n)')(-7))"
      const program = join(home, 'app/try.mjs')
      writeFileSync(program, `import koffi from 'koffi'\n${call}\n`)
      expect(execFileSync(node, [program], { env, cwd: '/' }).toString()).toBe('7\n')
    },
    60_000,
  )
})

describe('what a binary asks for', () => {
  test.each([
    ['GLIBC', '2.28', false],
    ['GLIBC', '2.29', true],
    ['GLIBC', '2.3.4', false],
    ['GLIBC', '3.0', true],
    ['GLIBCXX', '3.4.25', true],
    ['CXXABI', '1.3.11', false],
  ])('%s %s: too new is %s', (library, version, expected) => {
    expect(isTooNew({ file: 'x', library, version })).toBe(expected)
  })
})

describe('the list of parts', () => {
  test.each(ARCHITECTURES)('names each part once, for %s only', (architecture) => {
    const sbom = JSON.parse(sbomOf({ workspace: 'agent', name: 'yiben-agent', architecture }))
    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      metadata: { component: { type: 'application', name: 'yiben-agent', version: VERSION } },
    })
    const refs: string[] = sbom.components.map((part: { 'bom-ref': string }) => part['bom-ref'])
    expect(new Set(refs).size).toBe(refs.length)
    const natives = refs.filter((ref) => /^@koromix\/|^node-linux-/.test(ref))
    expect(natives.map((ref) => ref.replace(/@[\d.]+$/, ''))).toEqual([
      `@koromix/koffi-linux-${architecture}`,
      `node-linux-${architecture}`,
    ])
    const names = refs.map((ref) => ref.replace(/@[^@]+$/, ''))
    expect(names).toEqual(expect.arrayContaining(['ws', 'protobufjs', 'koffi', 'zod', 'yaml']))
    expect(names).not.toContain('vitest')
    for (const { ref, dependsOn } of sbom.dependencies) {
      expect(['yiben-agent', ...refs]).toContain(ref)
      expect(refs).toEqual(expect.arrayContaining(dependsOn))
    }
    for (const { purl, version, hashes, name } of sbom.components) {
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`)
      if (!name.startsWith('@yiben/')) expect(hashes[0].content).toMatch(/^[0-9a-f]{128}$/)
    }
  })

  test('is the same each time', () => {
    const make = () => sbomOf({ workspace: 'agent', name: 'yiben-agent', architecture: 'x64' })
    expect(make()).toBe(make())
  })
})

describe('a spool on the disk', () => {
  const ask = (folder: string) =>
    spawnSync('sh', [
      '-c',
      `. '${join(scriptsOf(AGENT_PACKAGE), 'lifecycle.sh')}'; yiben_data='${folder}/spool.db'; yiben_refuse_newer ${SPOOL_FORMAT} 0.1.0`,
    ])

  test('of this format is taken, and so is none', () => {
    const folder = tempDir()
    expect(ask(folder).status).toBe(0)
    spoolIn(folder)
    expect(ask(folder).status).toBe(0)
  })

  test('of a newer format is refused before anything is replaced', () => {
    const folder = tempDir()
    spoolIn(folder)
    const database = new DatabaseSync(join(folder, 'spool.db'))
    database.exec('PRAGMA user_version = 300')
    database.close()
    const { status, stderr } = ask(folder)
    expect(status).toBe(1)
    expect(stderr.toString()).toContain(`has format 300, and 0.1.0 reads up to ${SPOOL_FORMAT}`)
  })
})

describe.each([AGENT_PACKAGE, COLLECTOR_PACKAGE])('the scripts of $name', (description) => {
  const NAMES = ['install.sh', 'uninstall.sh', 'deb-preinst.sh', 'deb-postinst.sh'] as const

  test.each([...NAMES, 'deb-prerm.sh', 'deb-postrm.sh'])('%s is whole', (name) => {
    const text = scriptOf(description, name) ?? ''
    expect(text).not.toMatch(/^# (LIFECYCLE|INSTALLER)$/m)
    const { status, stderr } = spawnSync('sh', ['-n'], { input: text })
    expect([status, stderr.toString()]).toEqual([0, ''])
  })

  /** Runs within a folder that stands for `/usr/lib`. */
  const shell = (root: string, code: string) => {
    const lib = join(root, 'lib')
    const own = `yiben_lib='${lib}' yiben_beside='${root}/unit' yiben_state='${root}'`
    const text = `set -eu; . '${join(scriptsOf(description), 'lifecycle.sh')}'; ${own}; ${code}`
    const { status, stderr } = spawnSync('sh', ['-c', text])
    expect(stderr.toString()).toBe('')
    return status
  }
  const put = (root: string, version: string) => {
    mkdirSync(join(root, 'lib'), { recursive: true })
    for (const file of ['lib/VERSION', 'unit']) writeFileSync(join(root, file), version)
  }
  const there = (root: string) => ({
    names: readdirSync(root).sort(),
    versions: ['lib/VERSION', 'unit'].map((file) => readFileSync(join(root, file), 'utf8')),
  })

  test('an installation that was cut off is known as one, and the last good version put back', () => {
    const root = tempDir()
    put(root, '1')
    expect(shell(root, 'yiben_interrupted')).toBe(1)
    // Killed while it was kept: what is half there counts for nothing.
    mkdirSync(join(root, 'lib.keep/half'), { recursive: true })
    expect(shell(root, 'yiben_interrupted')).toBe(0)
    expect(shell(root, 'yiben_keep_old')).toBe(0)
    // As an installer does it: in the place of the files, not into them.
    expect(shell(root, 'rm -rf "$yiben_lib" "$yiben_beside"')).toBe(0)
    put(root, '2')
    // Killed before it was seen to become ready: the next one keeps the version before.
    expect(shell(root, 'yiben_interrupted')).toBe(0)
    expect(shell(root, 'yiben_keep_old')).toBe(0)
    put(root, '3')
    expect(shell(root, 'yiben_reload() { :; }; yiben_put_back')).toBe(0)
    expect(there(root)).toEqual({ names: ['lib', 'unit'], versions: ['1', '1'] })
    expect(shell(root, 'yiben_interrupted')).toBe(1)
    expect(shell(root, 'yiben_put_back')).toBe(1)
  })

  test('what is ready has nothing left beside it', () => {
    const root = tempDir()
    put(root, '1')
    shell(root, 'yiben_keep_old; mkdir "$yiben_lib.new" "$yiben_lib.gone" "$yiben_lib.keep"')
    expect(shell(root, 'yiben_drop_old; yiben_interrupted')).toBe(1)
    expect(there(root).names).toEqual(['lib', 'unit'])
  })
})

test('a ledger in a new format is told from one that is as it was, by the copy made of it', () => {
  const root = tempDir()
  const copy = (day: string) => join(root, `before-migration-12-202603${day}T000000Z.sqlite`)
  writeFileSync(copy('01'), '')
  const ask = (code: string) => {
    const lifecycle = join(scriptsOf(COLLECTOR_PACKAGE), 'lifecycle.sh')
    const text = `set -eu; . '${lifecycle}'; yiben_state='${root}'; ${code}`
    return spawnSync('sh', ['-c', text]).stdout.toString().trim()
  }
  ask(`yiben_keep_more '${root}'`)
  expect(ask(`yiben_copy_before '${root}'`)).toBe('')
  writeFileSync(copy('02'), '')
  expect(ask(`yiben_copy_before '${root}'`)).toBe(copy('02'))
})

describe('install.sh', () => {
  /** The folder that the archive unpacks to, on a machine that answers so. */
  const run = (args: readonly string[], machine: { uname?: string; libc?: string } = {}) => {
    const folder = scriptsOf(AGENT_PACKAGE)
    writeFileSync(join(folder, 'ARCHITECTURE'), 'x86_64\n')
    writeFileSync(join(folder, 'VERSION'), '9.9.9\n')
    const fakes = join(folder, 'fakes')
    mkdirSync(fakes)
    const { uname = 'x86_64', libc = 'glibc 2.28' } = machine
    const answers = {
      uname: `[ "$1" = -s ] && echo Linux || echo ${uname}`,
      getconf: `echo ${libc}`,
      systemctl: 'exit 3',
      setpriv: 'exit 1',
    }
    for (const [tool, answer] of Object.entries(answers)) {
      writeFileSync(join(fakes, tool), `#!/bin/sh\n${answer}\n`)
      chmodSync(join(fakes, tool), 0o755)
    }
    const PATH = `${fakes}:/usr/bin:/bin`
    const { status, stdout, stderr } = spawnSync('sh', [join(folder, 'install.sh'), ...args], {
      env: { PATH },
    })
    return { status, text: `${stdout}${stderr}` }
  }

  test.each([
    [['--help'], 0],
    [['--nonsense'], 2],
    [['--collector'], 2],
    [['--collector', 'wss://c:7480'], 2],
    [['--token', 'yb1_x'], 2],
    [['--image'], 2],
    [['--collector', 'wss://c"; true', '--token', 'yb1_x'], 2],
    [['--collector', 'wss://c:7480', '--token', 'yb1_$(id)'], 2],
    [['--proxy', 'socks5://x', '--check'], 2],
    [['--ca', '/nowhere/ca.pem'], 2],
  ])('%j ends with %d', (args, code) => {
    expect(run(args).status).toBe(code)
  })

  test.each([
    [{ uname: 'loongarch64' }, 'LoongArch is not supported'],
    [{ uname: 'aarch64' }, 'this package is for x86_64, the machine is aarch64'],
    [{ libc: 'glibc 2.17' }, 'CentOS 7 is not supported'],
    [{ libc: '' }, 'musl is not supported'],
  ])('a machine with %j is told that it is not supported', (machine, sentence) => {
    const { status, text } = run(['--check'], machine)
    expect(status).toBe(3)
    expect(text).toContain(sentence)
  })

  test.each(['wss://collector.example:7480', 'wss://10.20.0.5:7480', 'wss://[fd00::5]:7480'])(
    'what it would do with %s, without being root',
    (url) => {
      const { status, text } = run(['--collector', url, '--token', 'yb1_x', '--check'])
      expect({ status, text }).toEqual({ status: 10, text: 'to do: install-9.9.9 enroll start\n' })
    },
  )
})

function spoolIn(folder: string): void {
  const { random } = createRealWorld()
  openFileSpool({ directory: folder, random, log: silentLogger }).close()
}
