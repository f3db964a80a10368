/**
 * A table of rows that scrolls within itself, by keyboard too, and never widens the page; and lists
 * that are read page by page with the cursor of the interface.
 */
import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query'
import { Button, Empty, Flex, Table, type TableColumnsType, Typography } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getJson, type Query } from '../api/client.ts'
import { countText } from '../format.ts'
import { Answer } from './answer.tsx'

const ROWS_PER_PAGE = 50

export interface RowsProps<Row> {
  /** What a screen reader calls the table. */
  readonly label: string
  readonly rows: readonly Row[]
  readonly columns: TableColumnsType<Row>
  readonly rowKey: (row: Row) => string
  readonly perPage?: number
  readonly expanded?: (row: Row) => ReactNode
}

export function Rows<Row extends object>(props: RowsProps<Row>) {
  const { columns, expanded, label, perPage = ROWS_PER_PAGE, rowKey, rows } = props
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className="table-scroll" aria-label={label} tabIndex={0}>
      <Table<Row>
        size="small"
        className="tabular"
        columns={columns}
        dataSource={[...rows]}
        rowKey={rowKey}
        pagination={
          rows.length > perPage && { pageSize: perPage, showSizeChanger: false, size: 'small' }
        }
        {...(expanded === undefined ? {} : { expandable: { expandedRowRender: expanded } })}
      />
    </section>
  )
}

interface WithCursor {
  readonly next_cursor: string | null
}

/** All pages read so far; `null` asks nothing. */
export function usePages<Page extends WithCursor>(path: string | null, query: Query = {}) {
  return useInfiniteQuery<Page, Error, InfiniteData<Page>, readonly unknown[], string | null>({
    queryKey: [path, query, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      getJson<Page>(path ?? '', { limit: ROWS_PER_PAGE, ...query, cursor: pageParam }, signal),
    enabled: path !== null,
    initialPageParam: null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
  })
}

export interface PagedProps<Page extends WithCursor, Row> {
  readonly of: ReturnType<typeof usePages<Page>>
  readonly rowsOf: (page: Page) => readonly Row[]
  /** Said where there is nothing, if that says something. */
  readonly emptyText?: string
  readonly children: (rows: readonly Row[]) => ReactNode
}

/** What was read so far, and a button for more while there is more. */
export function Paged<Page extends WithCursor, Row>({
  of,
  rowsOf,
  emptyText,
  children,
}: PagedProps<Page, Row>) {
  const { t } = useTranslation()
  return (
    <Answer of={of}>
      {({ pages }) => {
        const rows = pages.flatMap((page) => [...rowsOf(page)])
        if (rows.length === 0 && !of.hasNextPage) {
          return emptyText === undefined ? (
            <Empty description={t('empty')} />
          ) : (
            <Typography.Text>{emptyText}</Typography.Text>
          )
        }
        return (
          <>
            {children(rows)}
            <Flex align="center" gap={12} style={{ marginTop: 8 }}>
              <Typography.Text type="secondary" role="status">
                {t('rows_shown', { text: countText(rows.length) })}
              </Typography.Text>
              {of.hasNextPage ? (
                <Button
                  size="small"
                  className="no-print"
                  loading={of.isFetchingNextPage}
                  onClick={() => void of.fetchNextPage()}
                >
                  {t('more')}
                </Button>
              ) : null}
            </Flex>
          </>
        )
      }}
    </Answer>
  )
}
