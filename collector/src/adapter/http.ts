/**
 * One file over HTTP: sent whole under a deadline, the answer read whole up to a bound. Nothing is
 * followed elsewhere. What an answer means is the caller's to say.
 */
import { readFileSync } from 'node:fs'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { AppError, type Clock, errorSentence } from '@yiben/shared'
import type { HttpTemplate } from './template.ts'

const ANSWER_BYTES_MAX = 64 * 1024 * 1024
const TOKEN_CHARACTERS_MAX = 16_384

export interface HttpAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface HttpFile {
  readonly name: string
  readonly bytes: Buffer
  readonly type: string
}

/** Throws `connection_failed` where no whole answer came, `config_unreadable` for its own files. */
export async function sendFile(
  template: HttpTemplate,
  file: HttpFile,
  { clock, stopping }: { readonly clock: Clock; readonly stopping: AbortSignal },
): Promise<HttpAnswer> {
  const url = new URL(template.url.replaceAll('{name}', encodeURIComponent(file.name)))
  const headers: Record<string, string> = {
    'content-type': file.type,
    'content-length': String(file.bytes.length),
    ...template.headers,
  }
  if (template.tokenFile !== null) {
    headers[template.tokenHeader] = `${template.tokenPrefix}${readToken(template.tokenFile)}`
  }
  const ca = template.caFile === null ? {} : { ca: readOwn('ca_file', template.caFile) }
  const deadline = new AbortController()
  const timer = clock.after(template.timeoutMs, () => deadline.abort())
  try {
    return await exchange(
      url,
      { method: template.method, headers, ...ca, agent: false },
      {
        bytes: file.bytes,
        signal: AbortSignal.any([deadline.signal, stopping]),
      },
    )
  } catch (error) {
    const why = deadline.signal.aborted
      ? `no answer within ${template.timeoutMs / 1_000} s`
      : errorSentence(error)
    throw new AppError('connection_failed', `${url.origin}: ${why}`, { cause: error })
  } finally {
    timer.cancel()
  }
}

/** Read each time, so that a token that was changed holds from the next file on. */
function readToken(file: string): string {
  const token = readOwn('token_file', file).trim()
  if (/^[\x21-\x7e]+$/.test(token) && token.length <= TOKEN_CHARACTERS_MAX) return token
  throw new AppError('config_unreadable', `deliver.http.token_file ${file} holds no token`)
}

function readOwn(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const sentence = `deliver.http.${option} ${file} cannot be read: ${errorSentence(error)}`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
}

function exchange(
  url: URL,
  options: object,
  { bytes, signal }: { readonly bytes: Buffer; readonly signal: AbortSignal },
): Promise<HttpAnswer> {
  const send = url.protocol === 'https:' ? requestSecure : requestPlain
  return new Promise((resolve, reject) => {
    const request = send(url, { ...options, signal }, (response) => {
      const parts: Buffer[] = []
      let length = 0
      response.on('data', (part: Buffer) => {
        length += part.length
        if (length > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'))
        else parts.push(part)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }),
      )
      response.on('error', reject)
      response.on('aborted', () => reject(new Error('the answer was cut off')))
    })
    request.on('error', reject)
    request.end(bytes)
  })
}
