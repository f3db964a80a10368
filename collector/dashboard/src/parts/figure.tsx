/** A number that says what it means: its unit beside it, its definition behind it. */
import { Flex, Typography } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'

/** The name of a figure, linked to its definition. */
export function Term({ id, children }: { readonly id: string; readonly children: string }) {
  const { t } = useTranslation()
  return (
    <Link
      href={`/definitions#${id}`}
      title={t('definition_of', { name: children })}
      // Told from the text around it without its colour.
      style={{ textDecoration: 'underline dotted', textUnderlineOffset: 4 }}
    >
      {children}
    </Link>
  )
}

export interface FigureProps {
  /** Of `/v1/definitions`. */
  readonly definition: string
  readonly name: string
  readonly value: string
  readonly unit?: string
  /** Below the value: bounds, a share, coverage. */
  readonly note?: ReactNode
}

export function Figure({ definition, name, value, unit, note }: FigureProps) {
  return (
    <Flex vertical gap={2} className="print-block">
      <Typography.Text>
        <Term id={definition}>{name}</Term>
      </Typography.Text>
      <span className="tabular" style={{ fontSize: 26, fontWeight: 600, lineHeight: 1.25 }}>
        {value}
        {unit === undefined ? null : (
          <span style={{ fontSize: 14, fontWeight: 400, marginInlineStart: 4 }}>{unit}</span>
        )}
      </span>
      {note === undefined ? null : <Typography.Text type="secondary">{note}</Typography.Text>}
    </Flex>
  )
}
