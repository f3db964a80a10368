/** Facts in a list of names and values, and verdicts in words. */
import { Typography } from 'antd'
import type { ReactNode } from 'react'
import { useShade } from '../theme.ts'

/** 4.5:1 and more on what they stand on. */
const COLORS = {
  light: { good: '#12704c', bad: '#b3261e' },
  dark: { good: '#4cc38f', bad: '#f0787a' },
} as const

/** A verdict in words; the sign before it is for the eye only. */
export function Mark({ isGood, text }: { readonly isGood: boolean | null; readonly text: string }) {
  const [shade] = useShade()
  const { bad, good } = COLORS[shade]
  return (
    <strong role="status" style={isGood === null ? {} : { color: isGood ? good : bad }}>
      <span aria-hidden="true">{isGood === null ? '… ' : isGood ? '✓ ' : '✗ '}</span>
      {text}
    </strong>
  )
}

export function Facts({ children }: { readonly children: ReactNode }) {
  return (
    <dl className="facts" style={{ margin: 0 }}>
      {children}
    </dl>
  )
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>
        <Typography.Text type="secondary">{name}</Typography.Text>
      </dt>
      <dd>{children}</dd>
    </>
  )
}
