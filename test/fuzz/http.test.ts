/**
 * Every route of the interface with changed paths, questions, bodies and roles: a problem document
 * with a code, or an answer; never a failure of the collector, and nobody without a token sees more.
 */
import { expect, onTestFinished, test } from 'vitest'
import { ROLES } from '../../collector/src/storage/requests.ts'
import { ApiRig } from '../collector/api/api-rig.ts'
import { fuzz } from './fuzzer.ts'

const RUNS_PER_RIG = 400
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'] as const
const CONTENT_TYPES = [
  'application/json',
  'text/plain',
  'application/x-www-form-urlencoded',
  '',
] as const
/** Streams without an end, long polls that wait on a clock that stands, workbooks that take seconds. */
const LEFT_OUT = /^\/v1\/live|[?&]wait=|\.xlsx/
const PEOPLE = [...ROLES, null]

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; schema?: Schema }[]
  readonly requestBody?: {
    readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
  }
}

/** Something of the kind that a question or a body asks for. */
function exampleOf(schema: Schema | undefined): unknown {
  if (schema === undefined) return '1'
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  const [choice] = schema.anyOf ?? schema.oneOf ?? []
  if (choice !== undefined) return exampleOf(choice)
  if (schema.format === 'date-time') return '2026-03-01T08:00:00Z'
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, part]) => [name, exampleOf(part)]),
      )
    case 'array':
      return [exampleOf(schema.items)]
    case 'integer':
    case 'number':
      return 1
    case 'boolean':
      return true
    default:
      return '1'
  }
}

/** First byte: who asks, and of which kind the body is. Then `METHOD /path?question`, then the body. */
function seedOf(method: string, path: string, operation: Operation, who: number): Uint8Array {
  const question = new URLSearchParams()
  let url = path
  for (const { name, in: place, schema } of operation.parameters ?? []) {
    const value = String(exampleOf(schema))
    if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(value))
    else if (place === 'query') question.set(name, value)
  }
  const [content] = Object.values(operation.requestBody?.content ?? {})
  const body = content === undefined ? '' : JSON.stringify(exampleOf(content.schema))
  const text = `${method.toUpperCase()} ${url}${question.size > 0 ? `?${question}` : ''}\n${body}`
  return Buffer.from([who, ...Buffer.from(text)])
}

function requestOf(bytes: Uint8Array) {
  const [line = '', ...rest] = Buffer.from(bytes.subarray(1)).toString('utf8').split('\n')
  const [method = '', ...words] = line.split(' ')
  const url = words.join(' ').replace(/[^\x21-\x7e]/gu, (character) => {
    return encodeURIComponent(character.isWellFormed() ? character : '\ufffd')
  })
  const who = bytes[0] ?? 0
  return {
    method: METHODS.find((one) => one === method) ?? METHODS[who % METHODS.length] ?? 'GET',
    url: url.startsWith('/') ? url : `/${url}`,
    role: PEOPLE[who % PEOPLE.length] ?? null,
    contentType: CONTENT_TYPES[(who >> 4) % CONTENT_TYPES.length] ?? '',
    body: rest.join('\n'),
  }
}

test('http', async () => {
  let api = await newRig()
  onTestFinished(() => api.close())
  let runs = 0
  const paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> = JSON.parse(
    JSON.stringify(api.app.swagger().paths ?? {}),
  )
  const seeds = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => seedOf(method, path, operation, 0)),
  )
  await fuzz({
    name: 'http',
    seeds,
    rounds: 800,
    bytesMax: 4_096,
    run: async (bytes) => {
      const { method, url, role, contentType, body } = requestOf(bytes)
      // What the stand-in for a socket would not send on; attacks.test.ts sends paths as they are.
      if (!URL.canParse(url, 'http://localhost')) return
      if (LEFT_OUT.test(decodeURIComponentOf(url))) return
      runs += 1
      if (runs % RUNS_PER_RIG === 0) {
        await api.close()
        api = await newRig()
      }
      const token = role === null ? null : api.tokens.get(role)
      const answer = await api.app.inject({
        method,
        url,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(contentType === '' ? {} : { 'content-type': contentType }),
        },
        ...(body === '' ? {} : { payload: body }),
      })
      expect([method, url, role, answer.statusCode < 500]).toEqual([method, url, role, true])
      const type = String(answer.headers['content-type'] ?? '')
      if (answer.statusCode >= 400 && method !== 'HEAD') {
        expect([url, type]).toEqual([url, expect.stringContaining('application/problem+json')])
        expect(answer.json()).toMatchObject({ code: expect.any(String), status: answer.statusCode })
      } else if (type.includes('json') && answer.body !== '') answer.json()
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
    },
  })
})

/** Of a path that is not well written nothing is left out. */
function decodeURIComponentOf(url: string): string {
  try {
    return decodeURIComponent(url)
  } catch {
    return url
  }
}

async function newRig(): Promise<ApiRig> {
  const settings = { timeZone: 'Asia/Shanghai', settledLagMs: 120_000, followersMax: 4 }
  const api = await ApiRig.start({ settings: { ...settings, requestsPerMinute: 1_000_000_000 } })
  const node = await api.rig.admit(1, [{}, {}])
  await api.rig.policy(node)
  await api.rig.live(node, [['free/proven', 1_200]])
  await api.settle()
  return api
}
