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
        // What can be done stands beside the heading, and below it where there is no room.
        styles={{ title: { whiteSpace: 'normal', overflow: 'visible', padding: '4px 0' } }}
        title={
          <Flex wrap gap="4px 12px" align="center" justify="space-between">
            <h2 id={id} style={{ margin: 0, fontSize: 16 }}>
              {title}
            </h2>
            <Flex gap={8} wrap style={{ fontWeight: 400 }}>
              {actions}
              {exported === undefined ? null : <ExportButton {...exported} />}
            </Flex>
          </Flex>
        }
      >
        {children}
      </Card>
    </section>
  )
}
