/** What is a desktop's own, and what only sounds like it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isDesktopProcess } from '../../../agent/src/probes/desktop-process.ts'
import { renderNodeOf } from '../../../agent/src/probes/drm-node.ts'

describe('a process', () => {
  test.each([
    { name: '/usr/lib/xorg/Xorg', isDesktop: true },
    { name: '/usr/lib/xorg/Xorg :0 -seat seat0', isDesktop: true },
    { name: '/usr/sbin/unity-greeter', isDesktop: true },
    { name: 'ukui-kwin_x11', isDesktop: true },
    { name: '/usr/bin/dde-dock', isDesktop: true },
    { name: '...ib/xorg/Xorg', isDesktop: true },
    { name: 'python3 Xorg', isDesktop: false },
    { name: '/opt/Xorg/train', isDesktop: false },
    { name: 'greeter_train', isDesktop: false },
    { name: '', isDesktop: false },
    { name: null, isDesktop: false },
  ])('named $name is the desktop: $isDesktop', ({ name, isDesktop }) => {
    expect(isDesktopProcess({ pid: 1, name, memory_mib: 1 })).toBe(isDesktop)
  })
})

describe('the render node of a card', () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'yiben-drm-'))
    for (const name of ['card0', 'renderD129', 'controlD64']) {
      mkdirSync(join(root, 'sys/bus/pci/devices/0000:2a:00.0/drm', name), { recursive: true })
    }
    mkdirSync(join(root, 'sys/bus/pci/devices/0000:2b:00.0/drm/card1'), { recursive: true })
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  test.each([
    { address: '0000:2a:00.0', node: '/dev/dri/renderD129' },
    { address: '0000:2b:00.0', node: null },
    { address: '0000:2c:00.0', node: null },
    { address: null, node: null },
  ])('at $address is $node', ({ address, node }) => {
    expect(renderNodeOf(root, address)).toBe(node)
  })
})
