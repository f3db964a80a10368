/**
 * A Debian of the other architecture, whose programs the kernel hands to QEMU: files and processes of
 * its own below a folder, but no init. What is tried there is whether the packages' binaries load and
 * run; a machine of that kind it is not.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const SUITE = 'bookworm'
const QEMU = '/usr/bin/qemu-aarch64-static'
const TOOLS: readonly string[] = ['debootstrap', 'dpkg-deb']
const BINFMT = '/proc/sys/fs/binfmt_misc'
const NAME = 'yiben-boot-test-aarch64'
/** ELF, 64 bits, little-endian, for AArch64; programs and libraries. */
const MAGIC =
  '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00'
const MASK =
  '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff'

const IS_NATIVE = process.arch === 'arm64'

/** Why no program for arm64 can be run here; `null`: one can. */
export function armHindrance(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux.'
  if (process.getuid?.() !== 0) return 'it needs root, to make file systems and to enter them.'
  const missing = [...TOOLS, ...(IS_NATIVE ? [] : [QEMU])].filter(
    (tool) => spawnSync('which', [tool]).status !== 0,
  )
  if (missing.length > 0) {
    return `${missing.join(', ')} missing: apt-get install debootstrap dpkg-dev qemu-user-static`
  }
  if (IS_NATIVE || isRegistered()) return null
  try {
    if (!existsSync(join(BINFMT, 'register'))) {
      execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT], { stdio: 'pipe' })
    }
    return existsSync(join(BINFMT, 'register')) ? null : `${BINFMT} cannot be written.`
  } catch {
    return `the kernel hands no programs to others here (${BINFMT}).`
  }
}

/** Until this process ends the kernel knows who runs programs for arm64; what was known before stays. */
export function letOtherProgramsRun(): void {
  if (IS_NATIVE || isRegistered()) return
  process.once('exit', () => writeFileSync(join(BINFMT, NAME), '-1'))
  // F: opened here and now, so that it need not lie in each root.
  writeFileSync(join(BINFMT, 'register'), `:${NAME}:M::${MAGIC}:${MASK}:${QEMU}:F`)
}

/** The root folder of a minimal Debian; nothing may be changed in it. */
export function baseArmDebian(cache: string): string {
  const root = join(cache, `${SUITE}-arm64`)
  if (existsSync(root)) return root
  const part = `${root}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  console.log(`debootstrap ${SUITE} for arm64 into ${cache}, once`)
  const options = ['--arch=arm64', '--variant=minbase', '--include=libstdc++6']
  execFileSync('debootstrap', [...options, SUITE, part], { stdio: ['ignore', 'ignore', 'inherit'] })
  rmSync(join(part, 'var/cache/apt/archives'), { recursive: true, force: true })
  renameSync(part, root)
  return root
}

/** Some other entry of the administrator's does it already. */
function isRegistered(): boolean {
  const entry = spawnSync('sh', ['-c', `grep -ls '^magic 7f454c46020101.*b700$' ${BINFMT}/*`])
  const [file = ''] = entry.stdout.toString().split('\n')
  return file !== '' && /^enabled$[\s\S]*^flags: .*F/m.test(readFileSync(file, 'utf8'))
}
