/** Where the ledger is kept. */
import { expect, test } from 'vitest'
import { loadConfig, optionTable } from '../../../collector/src/config.ts'

function storage(flags: Readonly<Record<string, string>>) {
  return loadConfig({ file: null, env: {}, flags }).storage
}

test('without anything it is a file of the data folder', () => {
  expect(storage({})).toEqual({ url: null, connections: 10 })
})

test.each([
  'postgresql://yiben:word@db.example/ledger',
  'postgres://yiben@[::1]:5432/ledger?sslmode=verify-full',
  'postgresql://yiben@one.example:5432,two.example:5432/ledger',
  'postgresql://yiben@%2Frun%2Fpostgresql/ledger',
])('%s is a PostgreSQL database', (url) => {
  expect(storage({ 'storage.url': url, 'storage.connections': '4' })).toEqual({
    url,
    connections: 4,
  })
})

test.each([
  'mysql://yiben:word@db.example/ledger',
  'postgresql:ledger',
  'postgresql:///ledger',
  'db.example',
])('%s is refused, and not repeated: it may hold a password', (url) => {
  const load = () => storage({ 'storage.url': url })
  expect(load).toThrow('storage.url must begin with postgresql:// and a host')
  expect(load).not.toThrow(url)
})

test('the address is told to nobody who asks for the options', () => {
  const secrets = optionTable().filter(({ secret }) => secret)
  expect(secrets.map(({ name }) => name)).toEqual(['storage.url'])
})
