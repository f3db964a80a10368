/** Narrows single cells of the catalogue's files; a cell that is not what it must be is refused. */
import { AppError, type DivisionCode, divisionCodeOf } from '@yiben/shared'

/** `where` names file, row and column in the refusal. */
export function integerOf(cell: string, where: string): number {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(cell)) {
    throw new AppError('config_invalid', `${where} must be a whole number, not "${cell}"`)
  }
  return Number(cell)
}

/** Empty is `null`: the file does not tell. */
export function decimalOrNull(cell: string, where: string): number | null {
  if (cell === '') return null
  if (!/^\d{1,9}(?:\.\d{1,6})?$/.test(cell)) {
    throw new AppError('config_invalid', `${where} must be a decimal number, not "${cell}"`)
  }
  return Number(cell)
}

export function decimalOf(cell: string, where: string): number {
  const value = decimalOrNull(cell, where)
  if (value === null) throw new AppError('config_invalid', `${where} is empty`)
  return value
}

export function oneOf<const Word extends string>(
  cell: string,
  words: readonly Word[],
  where: string,
): Word {
  const word = words.find((one) => one === cell)
  if (word === undefined) {
    throw new AppError('config_invalid', `${where} must be one of ${words.join()}, not "${cell}"`)
  }
  return word
}

export function divisionOf(cell: string, where: string): DivisionCode {
  const code = divisionCodeOf(cell)
  if (code === null) {
    throw new AppError('config_invalid', `${where} must be a GB/T 2260 code, not "${cell}"`)
  }
  return code
}
