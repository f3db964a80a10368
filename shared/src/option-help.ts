/** The options of a program's configuration as data, and as `--help` shows them. */

export interface OptionRow {
  readonly name: string
  /** Name in the environment. */
  readonly environment: string
  /** Empty where the option has none. */
  readonly unit: string
  /** Empty where there is none. */
  readonly default: string
  /** Empty where anything of its kind goes. */
  readonly range: string
  readonly sentence: string
  readonly secret: boolean
}

/** Option, default and range, and below it the sentence and the name in the environment. */
export function optionHelp(rows: readonly OptionRow[]): string {
  const lines = ['Configuration (YAML file, then environment, then the flags above):', '']
  for (const row of rows) {
    const facts = [row.unit, `default ${row.default === '' ? 'none' : row.default}`, row.range]
    lines.push(`  ${row.name}  (${facts.filter((fact) => fact !== '').join('; ')})`)
    lines.push(`      ${row.sentence}  ${row.environment}`)
  }
  return lines.join('\n')
}
