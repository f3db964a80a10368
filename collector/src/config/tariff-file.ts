/**
 * A tariff calendar as a YAML file:
 *
 *   time_zone: Asia/Shanghai
 *   periods:
 *     - { name: 峰, from: "08:00", to: "23:00" }
 *     - { name: 谷, from: "23:00", to: "08:00" }
 */
import { readFileSync } from 'node:fs'
import { AppError } from '@yiben/shared'
import { parse } from 'yaml'

/** What the file holds, to be checked by whoever knows the shape. */
export function readTariffFile(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { uniqueKeys: true, maxAliasCount: 0 })
  } catch (error) {
    throw new AppError('usage_invalid', `--tariff: ${file} cannot be read as YAML`, {
      cause: error,
    })
  }
}
