/** Expected orders are what `slurmd -G` of 22.05.8 prints for the same files, in its order. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ConfLine, readConf } from '../../../agent/src/owners/slurm-conf.ts'
import {
  deviceOrder,
  gresConfOf,
  sharedDeviceOrder,
  statedOrder,
} from '../../../agent/src/owners/slurm-devices.ts'
import { parseConfiguredGres } from '../../../agent/src/owners/slurm-gres.ts'
import { tempDir } from '../../support/temp-dir.ts'

async function linesOf(text: string): Promise<readonly ConfLine[]> {
  const file = join(tempDir(), 'gres.conf')
  writeFileSync(file, text)
  const conf = await readConf(file, '')
  if (conf.status !== 'ok') throw new Error(conf.reason)
  return conf.lines
}

async function questionOf(text: string, gres: string, name = 'gpu') {
  const conf = gresConfOf(await linesOf(text), 'n1')
  if (conf === null) throw new Error('gres.conf is refused')
  return { name, configured: parseConfiguredGres(gres), conf }
}

describe('the order of device files', () => {
  test.each<[string, string, string, string]>([
    ['a range', 'Name=gpu File=/dev/nvidia[0-3]', 'gpu:4', '0 1 2 3'],
    [
      'lines as they stand, not by number',
      'Name=gpu File=/dev/nvidia[2-3]\nName=gpu File=/dev/nvidia[0-1]',
      'gpu:4',
      '2 3 0 1',
    ],
    ['a list', 'Name=gpu File=/dev/nvidia3,/dev/nvidia0', 'gpu:2', '3 0'],
    [
      'types in the order of slurm.conf',
      'Name=gpu Type=h100 File=/dev/nvidia[0-1]\nName=gpu Type=a100 File=/dev/nvidia[2-3]',
      'gpu:a100:2,gpu:h100:2',
      '2 3 0 1',
    ],
    [
      'slurm.conf without types takes lines of any',
      'Name=gpu Type=h100 File=/dev/nvidia1\nName=gpu Type=a100 File=/dev/nvidia0',
      'gpu:2',
      '1 0',
    ],
    ['types in another case', 'Name=gpu Type=A100 File=/dev/nvidia0', 'gpu:a100:1', '0'],
    [
      'lines for this node after those for all',
      'NodeName=n[1-2] Name=gpu File=/dev/nvidia0\nName=gpu File=/dev/nvidia5',
      'gpu:2',
      '5 0',
    ],
    [
      'lines for other nodes are not its own',
      'NodeName=n2 Name=gpu File=/dev/nvidia9\nNodeName=n1 Name=gpu File=/dev/nvidia0',
      'gpu:1',
      '0',
    ],
    ['more files than slurm.conf counts', 'Name=gpu File=/dev/nvidia[0-7]', 'gpu:2', '0 1'],
    [
      'several files that make one device',
      'Name=gpu Type=1g MultipleFiles=/dev/nvidia0,/dev/nvidia-caps/nvidia-cap21\nName=gpu Type=1g MultipleFiles=/dev/nvidia0,/dev/nvidia-caps/nvidia-cap30',
      'gpu:1g:2',
      '0+-caps/nvidia-cap21 0+-caps/nvidia-cap30',
    ],
    ['AutoDetect=off', 'AutoDetect=off\nName=gpu File=/dev/nvidia0', 'gpu:1', '0'],
    [
      'AutoDetect that is off for this node',
      'AutoDetect=nvml\nNodeName=n1 AutoDetect=off Name=gpu File=/dev/nvidia0',
      'gpu:1',
      '0',
    ],
  ])('%s', async (_name, text, gres, expected) => {
    const order = deviceOrder(await questionOf(text, gres))
    const devices = order.status === 'ok' ? order.devices : null
    expect(devices?.map((files) => files.join('+').replaceAll('/dev/nvidia', '')).join(' ')).toBe(
      expected,
    )
  })

  test('of another resource, whatever AutoDetect finds of cards', async () => {
    const text = 'AutoDetect=nvml\nName=npu File=/dev/davinci[1,0]'
    expect(deviceOrder(await questionOf(text, 'gpu:4,npu:2', 'npu'))).toEqual({
      status: 'ok',
      devices: [['/dev/davinci1'], ['/dev/davinci0']],
    })
  })

  test.each<[string, string, string, RegExp]>([
    [
      'AutoDetect',
      'AutoDetect=nvml\nName=gpu Type=a100',
      'gpu:a100:4',
      /AutoDetect=nvml.*slurmd -G.*owner\.slurm\.device_files/,
    ],
    [
      'AutoDetect with files',
      'AutoDetect=rsmi\nName=gpu File=/dev/dri/renderD[128-131]',
      'gpu:4',
      /AutoDetect=rsmi/,
    ],
    [
      'AutoDetect for this node',
      'NodeName=n1 AutoDetect=nvml\nName=gpu File=/dev/nvidia0',
      'gpu:1',
      /AutoDetect=nvml/,
    ],
    ['no line at all', '', 'gpu:4', /names fewer devices of "gpu"/],
    ['too few files', 'Name=gpu File=/dev/nvidia[0-1]', 'gpu:4', /names fewer devices/],
    [
      'another type',
      'Name=gpu Type=h100 File=/dev/nvidia[0-3]',
      'gpu:a100:4',
      /names fewer devices/,
    ],
    [
      'a count nobody knows',
      'Name=gpu File=/dev/nvidia0',
      'gpu:no_consume:4',
      /names fewer devices/,
    ],
  ])('is not known with %s, and the sentence says what to do', async (_name, text, gres, words) => {
    expect(deviceOrder(await questionOf(text, gres))).toEqual({
      status: 'unknown',
      sentence: expect.stringMatching(words),
    })
  })

  test('a resource counted in thousands costs nothing', async () => {
    const question = await questionOf('Name=bw Count=900000000', 'bw:900000000', 'bw')
    expect(deviceOrder(question).status).toBe('unknown')
  })

  test.each([
    'Name=gpu File=/dev/nvidia[0-',
    'NodeName=n[1- Name=gpu File=/dev/nvidia0',
    'Name=gpu Count=x',
  ])('a line that cannot be read refuses the file: %s', async (text) => {
    expect(gresConfOf(await linesOf(text), 'n1')).toBeNull()
  })
})

describe('parts of cards', () => {
  test('are counted by the files of their own lines', async () => {
    const text = 'Name=gpu File=/dev/nvidia[0-1]\nName=shard Count=8 File=/dev/nvidia[1,0]'
    expect(sharedDeviceOrder(await questionOf(text, 'gpu:2,shard:8', 'shard'))).toEqual({
      status: 'ok',
      devices: [['/dev/nvidia1'], ['/dev/nvidia0']],
    })
  })

  test('without files by those of the cards', async () => {
    const text = 'Name=gpu File=/dev/nvidia[0-1]\nName=shard Count=8'
    expect(sharedDeviceOrder(await questionOf(text, 'gpu:2,shard:8', 'shard'))).toEqual({
      status: 'ok',
      devices: [['/dev/nvidia0'], ['/dev/nvidia1']],
    })
  })
})

describe('a statement', () => {
  const configured = parseConfiguredGres('gpu:a100:1,gpu:h100:1')

  test('holds where it has as many files as Slurm counts', () => {
    expect(statedOrder({ name: 'gpu', configured }, ['/dev/nvidia1', '/dev/nvidia0'])).toEqual({
      status: 'ok',
      devices: [['/dev/nvidia1'], ['/dev/nvidia0']],
    })
  })

  test('of another number says so', () => {
    expect(statedOrder({ name: 'gpu', configured }, ['/dev/nvidia0'])).toEqual({
      status: 'unknown',
      sentence: 'owner.slurm.device_files names 1 files, and Slurm counts 2 of "gpu" on this node.',
    })
  })
})
