/** What an installation leaves on a machine: its files, users, units and processes. */
import type { Container } from './container.ts'

/** Written by any service and any package: logs, caches, what dpkg and systemd keep of everything. */
const OTHERS = [
  '/var/log/*',
  '/var/cache/*',
  '/var/lib/dpkg/*',
  '/var/lib/rpm/*',
  '/var/lib/systemd/*',
  '/var/lib/apt/*',
  '/var/lib/private',
  '/var/tmp/*',
  '/tmp/*',
  '/root/*',
  '/opt/cards*',
  '/etc/machine-id',
  // Made anew by useradd and userdel with every change, as are their copies.
  '/etc/.pwd.lock',
  '/etc/passwd-',
  '/etc/group-',
  '/etc/shadow-',
  '/etc/gshadow-',
  '/etc/subuid*',
  '/etc/subgid*',
]

/** Where it may put anything at all. */
const OWN = [
  /^\/usr\/lib\/yiben-agent(\/|$)/,
  /^\/usr\/share\/doc\/yiben-agent(\/|$)/,
  /^\/usr\/bin\/yiben-agent$/,
  /^\/usr\/lib\/systemd\/system\/yiben-agent(-enroll)?\.service$/,
  /^\/etc\/yiben(\/(agent\.yaml|agent-ca\.pem|enroll\.env))?$/,
  /^\/etc\/systemd\/system\/multi-user\.target\.wants\/yiben-agent(-enroll)?\.service$/,
  /^\/var\/lib\/yiben-agent(\/|$)/,
  /^\/run\/yiben(\/|$)/,
  /^\/etc\/(passwd|group|shadow|gshadow)$/,
]

export type Traces = ReadonlyMap<string, string>

/** Path to kind, owner, mode and content's sum, of what is on the disk. */
export async function tracesOf(container: Container): Promise<Traces> {
  const skipped = OTHERS.map((path) => `-path '${path}'`).join(' -o ')
  const find = `find / -xdev \\( ${skipped} \\) -prune -o`
  const text = await container.run(
    `${find} -type l -printf '%p\\tl %l\\n' -o -printf '%p\\t%y %U:%G %m\\n'
${find} -type f -print0 | xargs -0 md5sum | sed -E 's/^([0-9a-f]+)  (.*)/sum:\\2\\t\\1/'
find /run -maxdepth 1 -name 'yiben*' -printf '%p\\t%y\\n'
getent passwd | sed 's/^/passwd:/;s/$/\\tthere/'
getent group | sed 's/^/group:/;s/$/\\tthere/'`,
  )
  return new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf('\t')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
  )
}

/** One line per difference. */
export function differences(before: Traces, after: Traces): readonly string[] {
  const gone = [...before.keys()].filter((path) => !after.has(path)).map((path) => `- ${path}`)
  const changed = [...after].flatMap(([path, facts]) => {
    const was = before.get(path)
    if (was === undefined) return [`+ ${path}`]
    return was === facts ? [] : [`~ ${path} (${was} is now ${facts})`]
  })
  return [...gone, ...changed]
}

/** Of the differences, those that are not the package's own to make. */
export function foreign(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => {
    const path = line
      .slice(2)
      .replace(/ \(.*$/, '')
      .replace(/^sum:/, '')
    const isAccount = /^(passwd|group):yiben-agent:|^group:(video|render):/.test(path)
    return !isAccount && !OWN.some((pattern) => pattern.test(path))
  })
}
