/** Which addresses an enrollment token may be used from. */
import { expect, test } from 'vitest'
import { isAddressAllowed } from '../../../collector/src/storage/enrolling.ts'

test.each([
  [null, '203.0.113.9', true],
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3', '10.1.2.4', false],
  ['0.0.0.0/0', '198.51.100.7', true],
  ['2001:db8::/32', '2001:db8:1::5', true],
  ['2001:db8::/32', '2001:db9::5', false],
  ['2001:db8::/32', '10.0.0.1', false],
  ['10.0.0.0/33', '10.0.0.1', false],
  ['10.0.0.0/x', '10.0.0.1', false],
  ['nonsense', '10.0.0.1', false],
  ['10.0.0.0/8', 'nonsense', false],
])('%s allows %s: %s', (cidr, address, expected) => {
  expect(isAddressAllowed(cidr, address)).toBe(expected)
})
