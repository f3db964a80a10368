import { expect, test } from 'vitest'
import { CheckpointRoots } from './checkpoint-roots.ts'

const note = (origin: string, size: number, root: string) =>
  `${origin}\n${size}\n${root}\n\n— ${origin} c2lnbmF0dXJl\n`

test('R2, J7: a size of one log that is signed with two roots is found, and one that shrinks', () => {
  const roots = new CheckpointRoots()
  const notes = [note('log/1', 3, 'aa'), note('log/1', 3, 'aa'), note('log/2', 3, 'bb')]
  expect(roots.problems(notes)).toEqual([])
  expect(roots.problems(notes)).toEqual([])
  notes.push(note('log/1', 5, 'cc'), note('log/1', 3, 'dd'))
  expect(roots.problems(notes)).toEqual([
    'checkpoint 3 of log/1 was signed with two roots',
    'checkpoint 3 of log/1 was signed after one of 5',
  ])
})
