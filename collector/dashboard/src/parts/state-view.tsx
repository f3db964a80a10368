/** A picture and the same figures as a table, one click apart. */
import { Button } from 'antd'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

export interface View {
  readonly isTable: boolean
  /** The button that turns the one into the other. */
  readonly toggle: ReactNode
}

export function useView(): View {
  const { t } = useTranslation()
  const [isTable, setTable] = useState(false)
  const toggle = (
    <Button className="no-print" onClick={() => setTable(!isTable)}>
      {isTable ? t('as_chart') : t('as_table')}
    </Button>
  )
  return { isTable, toggle }
}
