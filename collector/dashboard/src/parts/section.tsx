/** A part of a page: a heading, what can be done with it, and what it shows. */
import { Card, Flex } from 'antd'
import type { ReactNode } from 'react'
import { useId } from 'react'
import { ExportButton, type ExportOf } from './export-button.tsx'

export interface SectionProps {
  readonly title: string
  readonly exported?: ExportOf
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Section({ title, exported, actions, children }: SectionProps) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="print-block">
      <Card
        size="small"
        title={
          <h2 id={id} style={{ margin: 0, fontSize: 16 }}>
            {title}
          </h2>
        }
        extra={
          <Flex gap={8} wrap>
            {actions}
            {exported === undefined ? null : <ExportButton {...exported} />}
          </Flex>
        }
      >
        {children}
      </Card>
    </section>
  )
}
