/** Tables of a printed report: plain, with a heading row that each page repeats. */
import type { ReactNode } from 'react'

export interface PaperColumn<Row> {
  readonly title: string
  readonly value: (row: Row) => ReactNode
  readonly isNumber?: boolean
}

export interface PaperTableProps<Row> {
  readonly label: string
  readonly columns: readonly PaperColumn<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row, index: number) => string
  /** A row that sums up the others stands last, in bold. */
  readonly sum?: Row
}

/** Rows of a table that is not parted over two pages. */
const TOGETHER_MAX = 16

export function PaperTable<Row>({ label, columns, rows, rowKey, sum }: PaperTableProps<Row>) {
  return (
    <section
      className={rows.length > TOGETHER_MAX ? 'paper-scroll' : 'paper-scroll paper-together'}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
      tabIndex={0}
    >
      <table className="tabular">
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th key={title} scope="col" className={isNumber === true ? 'paper-number' : ''}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <Line key={rowKey(row, index)} columns={columns} row={row} className="" />
          ))}
          {sum === undefined ? null : <Line columns={columns} row={sum} className="paper-sum" />}
        </tbody>
      </table>
    </section>
  )
}

function Line<Row>(props: {
  readonly columns: readonly PaperColumn<Row>[]
  readonly row: Row
  readonly className: string
}) {
  const { className, columns, row } = props
  return (
    <tr className={className}>
      {columns.map(({ isNumber, title, value }, index) =>
        index === 0 ? (
          <th key={title} scope="row">
            {value(row)}
          </th>
        ) : (
          <td key={title} className={isNumber === true ? 'paper-number' : ''}>
            {value(row)}
          </td>
        ),
      )}
    </tr>
  )
}
