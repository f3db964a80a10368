/** One file over HTTPS: to whom it is meant for, with the token of now, and to nobody else. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createRealWorld } from '@yiben/shared'
import { expect, onTestFinished, test } from 'vitest'
import { sendFile } from '../../../collector/src/adapter/http.ts'
import { issueServer, makeAuthority } from '../../../collector/src/tls/issue.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { templateIn, templateValue } from './rig.ts'

const { clock, random } = createRealWorld()
const FILE = { name: 'a+b.data', bytes: Buffer.from('x|y\n'), type: 'text/csv' }

async function secureNode() {
  const folder = tempDir()
  const issuing = { random, nowMs: clock.wallMs() }
  const [authority, stranger] = [await makeAuthority(issuing), await makeAuthority(issuing)]
  const server = await issueServer(authority, ['localhost'], { ...issuing, lifeMs: 86_400_000 })
  const seen: string[] = []
  const node = createServer(
    { cert: server.cert + authority.cert, key: server.key },
    (request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['x-key']}`)
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end('moved')
    },
  )
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void node.close())
  writeFileSync(join(folder, 'ours.pem'), authority.cert)
  writeFileSync(join(folder, 'other.pem'), stranger.cert)
  writeFileSync(join(folder, 'token'), 'first\n')
  const send = (changes: object = {}) => {
    const { port } = node.address() as AddressInfo
    const http = {
      url: `https://localhost:${port}/in/{name}`,
      ...{ method: 'POST', token_file: 'token', token_header: 'X-Key', token_prefix: '' },
      ...{ ca_file: 'ours.pem', ...changes },
    }
    const { deliver } = templateIn(folder, templateValue({ deliver: { http } }))
    if (deliver.http === null) throw new Error('a template with http has it')
    return sendFile(deliver.http, FILE, { clock, stopping: new AbortController().signal })
  }
  return { folder, seen, send }
}

test('goes to a node whose certificate is trusted, and follows no redirection', async () => {
  const { folder, seen, send } = await secureNode()
  expect(await send()).toEqual({ status: 302, body: Buffer.from('moved') })
  writeFileSync(join(folder, 'token'), 'second\n')
  await send()
  expect(seen).toEqual(['POST /in/a%2Bb.data first', 'POST /in/a%2Bb.data second'])
})

test('goes to nobody under a strange certificate, or without a token that can be read', async () => {
  const { folder, seen, send } = await secureNode()
  await expect(send({ ca_file: 'other.pem' })).rejects.toMatchObject({ code: 'connection_failed' })
  await expect(send({ token_file: 'none' })).rejects.toThrow('deliver.http.token_file')
  writeFileSync(join(folder, 'token'), 'two\nlines')
  await expect(send()).rejects.toThrow('holds no token')
  expect(seen).toEqual([])
})
