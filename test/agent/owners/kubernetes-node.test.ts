/** What the API server says of this node, over real TLS, and everything that may stand in the way. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type NodeAnswer,
  type NodeOptions,
  readNode,
} from '../../../agent/src/owners/kubernetes-node.ts'
import { CERT_FILE, FakeApiServer, KEY_FILE, TOKEN } from '../../support/api-server.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const TAINT = 'node.kubernetes.io/out-of-service'

function ask(kubeconfig: string, options: Partial<NodeOptions> = {}): Promise<NodeAnswer> {
  return readNode({
    clock: new FakeClock(),
    kubeconfig,
    nodeName: 'node-1',
    maintenanceTaints: [TAINT],
    ...options,
  })
}

const IN_SERVICE = { status: 'in_service' }
const failed = (words: RegExp) => ({ status: 'failed', sentence: expect.stringMatching(words) })

describe('the Node object', () => {
  test.each<[string, object, NodeAnswer]>([
    ['nothing set', {}, { status: 'in_service' }],
    [
      'other taints',
      { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] },
      { status: 'in_service' },
    ],
    ['a cordon', { unschedulable: true }, { status: 'withdrawn', cause: 'drained' }],
    [
      'the taint of a cordon alone',
      { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] },
      { status: 'in_service' },
    ],
    [
      'a maintenance taint',
      { taints: [{ key: TAINT, value: 'nodeshutdown', effect: 'NoExecute' }] },
      { status: 'withdrawn', cause: 'maintenance' },
    ],
    [
      'both',
      { unschedulable: true, taints: [{ key: TAINT, effect: 'NoExecute' }] },
      { status: 'withdrawn', cause: 'maintenance' },
    ],
  ])('%s', async (_name, spec, expected) => {
    const server = await FakeApiServer.start()
    server.spec = spec
    expect(await ask(server.kubeconfig(tempDir()))).toEqual(expected)
  })
})

describe('it is let in with', () => {
  const base64 = (file: string) => readFileSync(file).toString('base64')

  test.each<[string, (folder: string) => object]>([
    [
      'a certificate inline',
      () => ({
        'client-certificate-data': base64(CERT_FILE),
        'client-key-data': base64(KEY_FILE),
      }),
    ],
    ['a token inline', () => ({ token: TOKEN })],
    [
      'a token in a file beside the kubeconfig',
      (folder) => {
        writeFileSync(join(folder, 'token'), `${TOKEN}\n`)
        return { tokenFile: 'token' }
      },
    ],
  ])('%s', async (_name, userIn) => {
    const server = await FakeApiServer.start()
    const folder = tempDir()
    expect(await ask(server.kubeconfig(folder, { user: userIn(folder) }))).toEqual(IN_SERVICE)
  })

  test('an authority inline, a path before the API and the name of the certificate', async () => {
    const server = await FakeApiServer.start()
    const cluster = {
      server: `${server.url.replace('localhost', '127.0.0.1')}/clusters/c1/`,
      'certificate-authority-data': base64(CERT_FILE),
      'tls-server-name': 'localhost',
    }
    expect(await ask(server.kubeconfig(tempDir(), { cluster }))).toEqual(IN_SERVICE)
    expect(server.asked).toEqual(['GET /clusters/c1/api/v1/nodes/node-1'])
  })

  test('a certificate renewed in place', async () => {
    const server = await FakeApiServer.start()
    const folder = tempDir()
    const files = { 'client-certificate': 'current.pem', 'client-key': 'current.pem' }
    const kubeconfig = server.kubeconfig(folder, { user: files })
    writeFileSync(join(folder, 'current.pem'), 'half written')
    expect(await ask(kubeconfig)).toMatchObject({ status: 'failed' })
    // As the kubelet keeps it: certificate and key in one file.
    writeFileSync(
      join(folder, 'current.pem'),
      `${readFileSync(CERT_FILE, 'utf8')}${readFileSync(KEY_FILE, 'utf8')}`,
    )
    expect(await ask(kubeconfig)).toEqual(IN_SERVICE)
  })
})

describe('a server that does not tell is a failure, with what to do', () => {
  test.each<[string, FakeApiServer['reply'], RegExp]>([
    ['not allowed', { statusCode: 403, body: '{}' }, /allow them to get node node-1/],
    ['an error', { statusCode: 500, body: 'oops' }, /HTTP 500/],
    ['a redirect, which is not followed', { statusCode: 302, body: '' }, /HTTP 302/],
    ['no JSON', { statusCode: 200, body: '<html>' }, /no Node object/],
    ['another object', { statusCode: 200, body: '{"kind":"Pod","spec":{}}' }, /no Node object/],
    [
      'a Node of another shape',
      { statusCode: 200, body: '{"kind":"Node","spec":{"unschedulable":"no"}}' },
      /no Node object/,
    ],
    ['too much', { statusCode: 200, body: Buffer.alloc(5 * 1024 * 1024, 32) }, /more than/],
  ])('%s', async (_name, reply, words) => {
    const server = await FakeApiServer.start()
    server.reply = reply
    expect(await ask(server.kubeconfig(tempDir()))).toEqual(failed(words))
  })

  test('a name the cluster does not know', async () => {
    const server = await FakeApiServer.start()
    const answer = await ask(server.kubeconfig(tempDir()), { nodeName: 'node-2/../node-1' })
    expect(answer).toEqual(failed(/owner\.kubernetes\.node_name/))
    expect(server.asked).toEqual(['GET /api/v1/nodes/node-2%2F..%2Fnode-1'])
  })

  test('nobody there', async () => {
    const server = await FakeApiServer.start()
    const cluster = { server: 'https://127.0.0.1:1' }
    expect(await ask(server.kubeconfig(tempDir(), { cluster }))).toEqual(failed(/ECONNREFUSED/))
  })

  test('a certificate of nobody we trust', async () => {
    const server = await FakeApiServer.start()
    const answer = await ask(server.kubeconfig(tempDir(), { cluster: { server: server.url } }))
    expect(answer).toEqual(failed(/SELF_SIGNED/))
    expect(server.asked).toEqual([])
  })

  test('an answer that never comes', async () => {
    const server = await FakeApiServer.start()
    const arrived = Promise.withResolvers<void>()
    server.asked.push = (line) => {
      arrived.resolve()
      return line.length
    }
    server.reply = null
    const clock = new FakeClock()
    const asked = ask(server.kubeconfig(tempDir()), { clock })
    await arrived.promise
    await clock.run(1_500)
    expect(await asked).toEqual(failed(/nothing within 1\.5 s/))
  })
})

describe('a kubeconfig that cannot be used is told, and nothing secret with it', () => {
  test.each<[string, { cluster?: object; user?: object }, RegExp]>([
    ['plain HTTP', { cluster: { server: 'http://localhost:8080' } }, /not an https URL/],
    [
      'no check of certificates',
      { cluster: { server: 'https://localhost:1', 'insecure-skip-tls-verify': true } },
      /skips the check/,
    ],
    ['no credentials', { user: { exec: { command: 'aws' } } }, /neither a client certificate/],
    ['no such token file', { user: { tokenFile: 'nowhere' } }, /nowhere cannot be read/],
    ['another shape', { user: { token: 5 } }, /no kubeconfig/],
  ])('%s', async (_name, parts, words) => {
    const server = await FakeApiServer.start()
    expect(await ask(server.kubeconfig(tempDir(), parts))).toEqual(failed(words))
    expect(server.asked).toEqual([])
  })

  test.each([
    ['no file', null, /cannot be read/],
    ['no YAML', `token: [${TOKEN}`, /not YAML/],
    [
      'a context of no cluster',
      'current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\nclusters: []\nusers: []',
      /current-context/,
    ],
  ])('%s', async (_name, content, words) => {
    const path = join(tempDir(), 'kubelet.conf')
    if (content !== null) writeFileSync(path, content)
    const answer = await ask(path)
    expect(answer).toEqual(failed(words))
    expect(JSON.stringify(answer)).not.toContain(TOKEN)
  })
})
