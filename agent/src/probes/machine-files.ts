/**
 * What a machine shows about drivers and device nodes, read under a prefix so that a folder can
 * stand in for it. Everything unreadable is `null` or missing from a list, never an exception.
 */
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A folder of `/dev` with more entries than this is cut. */
const ENTRIES_MAX = 4096

export interface DeviceNode {
  /** As an administrator types it, without the prefix. */
  readonly path: string
  /** This process may read and write it, which is what drivers ask for. */
  readonly isAccessible: boolean
  /** Name of its group, else the number. */
  readonly group: string
  /** The group itself may read and write. */
  readonly isGroupAllowed: boolean
}

export interface MachineFiles {
  /** Nodes under `/dev` of one name; `*` stands for a number. */
  nodes(pattern: string): DeviceNode[]
  /** Version of a loaded module; `''` where it is loaded and tells none; `null` where it is not. */
  loadedModule(name: string): string | null
  /** The running kernel has the module, loaded or not; `null` where that cannot be told. */
  hasModule(name: string): boolean | null
}

export function readMachineFiles(rootPrefix: string): MachineFiles {
  const root = rootPrefix === '' ? '/' : rootPrefix
  return {
    nodes: (pattern) => nodesOf(root, pattern),
    loadedModule: (name) => {
      const folder = join(root, 'sys/module', name)
      return isThere(folder) ? (readText(join(folder, 'version'))?.trim() ?? '') : null
    },
    hasModule: (name) => {
      const release = readText(join(root, 'proc/sys/kernel/osrelease'))?.trim()
      if (release === undefined) return null
      const folder = join(root, 'lib/modules', release)
      const lists = ['modules.dep', 'modules.builtin'].map((file) => readText(join(folder, file)))
      if (lists.every((list) => list === null)) return null
      const file = new RegExp(`/${name.replaceAll(/[-_]/g, '[-_]')}\\.ko(?:\\.\\w+)?(?::|$)`, 'm')
      return lists.some((list) => list !== null && file.test(list))
    },
  }
}

function nodesOf(root: string, pattern: string): DeviceNode[] {
  const parts = pattern.split('/')
  const name = parts.pop() ?? ''
  const folder = join('dev', ...parts)
  const shape = new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '\\d+')}$`)
  try {
    return readdirSync(join(root, folder))
      .slice(0, ENTRIES_MAX)
      .filter((entry) => shape.test(entry))
      .sort()
      .map((entry) => nodeAt(root, join('/', folder, entry)))
  } catch {
    // No such folder: then there is no such node.
    return []
  }
}

function nodeAt(root: string, path: string): DeviceNode {
  const file = join(root, path)
  let isAccessible = true
  try {
    accessSync(file, constants.R_OK | constants.W_OK)
  } catch {
    isAccessible = false
  }
  const { gid, mode } = statSync(file)
  const isGroupAllowed = (mode & 0o060) === 0o060
  return { path, isAccessible, group: groupName(root, gid), isGroupAllowed }
}

function groupName(root: string, gid: number): string {
  const line = readText(join(root, 'etc/group'))
    ?.split('\n')
    .find((entry) => entry.split(':')[2] === String(gid))
  return line?.split(':')[0] ?? String(gid)
}

function isThere(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch {
    return false
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
