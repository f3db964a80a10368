import {
  type AppError,
  closeReason,
  errorCodeOfClose,
  isLoopback,
  linkUrlOf,
  plainAddress,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'

describe('a collector address', () => {
  test.each([
    ['https://collector.example', 'wss://collector.example/v1/link'],
    ['https://collector.example:7480/', 'wss://collector.example:7480/v1/link'],
    ['wss://10.0.0.7:7480/gateway/link', 'wss://10.0.0.7:7480/gateway/link'],
    ['http://127.0.0.1:7480', 'ws://127.0.0.1:7480/v1/link'],
    ['http://localhost:7480', 'ws://localhost:7480/v1/link'],
    ['ws://[::1]:7480', 'ws://[::1]:7480/v1/link'],
  ])('%s is reached at %s', (address, url) => {
    expect(linkUrlOf(address)).toBe(url)
  })

  test.each([
    ['http://collector.example', 'plain_text_refused'],
    ['ws://10.0.0.7:7480', 'plain_text_refused'],
    ['http://127.0.0.1.example.com', 'plain_text_refused'],
    ['collector.example', 'config_invalid'],
    ['ftp://collector.example', 'config_invalid'],
    ['https://user@collector.example', 'config_invalid'],
    ['https://collector.example/?token=1', 'config_invalid'],
  ])('%s is refused with %s', (address, code) => {
    let thrown = ''
    try {
      linkUrlOf(address)
    } catch (error) {
      thrown = (error as AppError).code
    }
    expect(thrown).toBe(code)
  })

  test('without TLS is taken of another machine where that is allowed', () => {
    expect(linkUrlOf('http://collector.example', true)).toBe('ws://collector.example/v1/link')
  })

  test('addresses compare in one form', () => {
    expect(plainAddress('::ffff:10.1.2.3')).toBe('10.1.2.3')
    expect(plainAddress('fe80::1%eth0')).toBe('fe80::1')
    expect(plainAddress(undefined)).toBe('unknown')
    expect(isLoopback('::ffff:127.0.0.2')).toBe(true)
    expect(isLoopback('10.0.0.1')).toBe(false)
  })
})

describe('a close reason', () => {
  test('fits a close frame and carries its stable code both ways', () => {
    const reason = closeReason('frame_too_large', '好'.repeat(200))
    expect(Buffer.byteLength(reason.reason)).toBeLessThanOrEqual(123)
    expect(reason.code).toBe(1009)
    expect(errorCodeOfClose(reason)).toBe('frame_too_large')
    expect(errorCodeOfClose({ code: 1006, reason: '' })).toBeNull()
    expect(errorCodeOfClose({ code: 1008, reason: 'from_the_future: x' })).toBeNull()
  })
})
