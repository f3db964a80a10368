/** A minimal Debian, made once by debootstrap and copied for each container. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const SUITE = 'bookworm'
/** Beside what debootstrap installs: init, what the packages depend on, and rpm to try it there. */
const INCLUDE = 'systemd,systemd-sysv,dbus,procps,passwd,libstdc++6,rpm'
const TOOLS = ['debootstrap', 'systemd-nspawn', 'nsenter', 'dpkg-deb', 'rpmbuild']

/** Why no container can be booted here; `null`: one can. */
export function hindrance(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux.'
  if (process.getuid?.() !== 0) return 'it needs root, to make file systems and to boot them.'
  const missing = TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length === 0) return null
  return `${missing.join(', ')} missing: apt-get install debootstrap systemd-container dpkg-dev rpm binutils`
}

/** Its root folder; nothing may be changed in it. */
export function baseDebian(cache: string): string {
  const root = join(cache, SUITE)
  if (existsSync(root)) return root
  const part = `${root}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  console.log(`debootstrap ${SUITE} into ${cache}, once`)
  // From the mirror that debootstrap takes by itself.
  execFileSync('debootstrap', ['--variant=minbase', `--include=${INCLUDE}`, SUITE, part], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  rmSync(join(part, 'var/cache/apt/archives'), { recursive: true, force: true })
  // An id of its own for each copy, as systemd makes it at the first boot.
  rmSync(join(part, 'etc/machine-id'), { force: true })
  renameSync(part, root)
  return root
}
