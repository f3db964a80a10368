/** The body of a thread for heavy work: one job, one answer, then it ends. */
import { parentPort } from 'node:worker_threads'
import { assert, errorSentence } from '@yiben/shared'
import { doJob, type Job, type JobAnswer } from './work.ts'

assert(parentPort !== null, 'this file runs as a thread of the forecast')
const port = parentPort

port.once('message', (job: Job) => {
  port.postMessage(answerOf(job))
  port.close()
})

function answerOf(job: Job): JobAnswer {
  try {
    return { kind: 'done', value: doJob(job) }
  } catch (error) {
    return { kind: 'failed', sentence: errorSentence(error) }
  }
}
