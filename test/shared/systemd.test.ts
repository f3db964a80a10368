/** systemd hears what a service tells it, over a real datagram socket. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { notifyRequestOf, openNotifier, ServiceManager, silentLogger } from '@yiben/shared'
import koffi from 'koffi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'

describe('what systemd asks for', () => {
  const SOCKET = { NOTIFY_SOCKET: '/run/systemd/notify' }
  test.each([
    ['nothing outside systemd', {}, null],
    ['nothing over a socket that is none', { NOTIFY_SOCKET: 'vsock:2' }, null],
    ['to be told', SOCKET, null],
    ['an abstract socket', { NOTIFY_SOCKET: '@x' }, null],
    ['signs of life', { ...SOCKET, WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 60_000],
    [
      'no signs of life of another process',
      { ...SOCKET, WATCHDOG_USEC: '6', WATCHDOG_PID: '8' },
      null,
    ],
    ['no signs of life at no interval', { ...SOCKET, WATCHDOG_USEC: '0' }, null],
  ])('%s', (_, environment: Record<string, string>, watchdogMs) => {
    const socketPath = environment.NOTIFY_SOCKET
    const isAsked = socketPath !== undefined && /^[/@]/.test(socketPath)
    const expected = isAsked ? { socketPath, watchdogMs } : null
    expect(notifyRequestOf(environment, 7)).toEqual(expected)
  })
})

describe('a notice', () => {
  test('arrives as one datagram', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'yiben-notify-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'notify')
    const receive = receiver(path)
    const notifier = await openNotifier(path, silentLogger)
    expect(notifier?.notify('READY=1\nSTATUS=2 cards')).toBe(true)
    expect(notifier?.notify('WATCHDOG=1')).toBe(true)
    expect([receive(), receive()]).toEqual(['READY=1\nSTATUS=2 cards', 'WATCHDOG=1'])
    notifier?.close()
  })

  test('that nobody takes is told to have failed, and nothing else happens', async () => {
    const notifier = await openNotifier('/nonexistent/notify', silentLogger)
    expect(notifier?.notify('READY=1')).toBe(false)
    notifier?.close()
  })

  test('needs a path that fits', async () => {
    expect(await openNotifier(`/${'x'.repeat(200)}`, silentLogger)).toBeNull()
  })
})

describe('a service', () => {
  async function managed() {
    const folder = mkdtempSync(join(tmpdir(), 'yiben-notify-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const socketPath = join(folder, 'notify')
    const receive = receiver(socketPath)
    const clock = new FakeClock(0)
    const request = { socketPath, watchdogMs: 60_000 }
    const manager = await ServiceManager.open(request, { clock, log: silentLogger })
    if (manager === null) throw new Error('it was asked to be told')
    return { manager, clock, receive }
  }

  test('asks for more time while its start goes on, and not after it', async () => {
    const { manager, clock, receive } = await managed()
    const work = Promise.withResolvers<string>()
    const done = manager.starting('a new format', () => work.promise)
    await clock.advance(45_000)
    const said = 'EXTEND_TIMEOUT_USEC=60000000\nSTATUS=a new format'
    expect([receive(), receive(), receive(), receive()]).toEqual([said, said, said, ''])
    work.resolve('open')
    expect(await done).toBe('open')
    await clock.advance(60_000)
    expect(receive()).toBe('')
  })

  test('is alive three times an interval once it is ready, and says nothing after it stops', async () => {
    const { manager, clock, receive } = await managed()
    manager.ready('serving')
    await clock.advance(41_000)
    const said = [receive(), receive(), receive(), receive()]
    expect(said).toEqual(['READY=1\nSTATUS=serving', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1'])
    manager.stopping()
    manager.stopping()
    manager.ready('serving')
    await clock.advance(60_000)
    expect([receive(), receive()]).toEqual(['STOPPING=1', ''])
  })
})

/** A bound datagram socket, and how to read the next datagram from it. */
function receiver(path: string): () => string {
  const libc = koffi.load('libc.so.6')
  const socket = libc.func('int socket(int, int, int)')
  const bind = libc.func('int bind(int, const void *, uint32_t)')
  const recv = libc.func('intptr_t recv(int, _Out_ uint8_t *, size_t, int)')
  const close = libc.func('int close(int)')
  const descriptor: number = socket(1, 0x80002, 0)
  const address = Buffer.concat([Uint8Array.of(1, 0), Buffer.from(path)])
  expect(bind(descriptor, address, address.length)).toBe(0)
  onTestFinished(() => {
    close(descriptor)
  })
  return () => {
    const bytes = Buffer.alloc(512)
    const length: number = recv(descriptor, bytes, bytes.length, 0x40)
    return bytes.subarray(0, Math.max(0, length)).toString('utf8')
  }
}
