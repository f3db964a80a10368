/** `--help` tells of every option what its table tells. */
import { optionHelp } from '@yiben/shared'
import { expect, test } from 'vitest'

const PORT = {
  name: 'port',
  environment: 'YIBEN_PORT',
  unit: 'number',
  default: '7480',
  range: '0 to 65535',
  sentence: 'Where it listens.',
  secret: false,
}

test.each([
  ['whole', {}, '  port  (number; default 7480; 0 to 65535)'],
  [
    'without unit, default and range',
    { unit: '', default: '', range: '' },
    '  port  (default none)',
  ],
])('an option %s', (_, change, line) => {
  expect(
    optionHelp([{ ...PORT, ...change }])
      .split('\n')
      .slice(2),
  ).toEqual([line, '      Where it listens.  YIBEN_PORT'])
})
