/** What a page is, and in one sentence what it is for. */
import { Typography } from 'antd'

export function PageHead({ title, intro }: { readonly title: string; readonly intro: string }) {
  return (
    <div>
      <h1 style={{ margin: 0, fontSize: 22 }}>{title}</h1>
      <Typography.Text type="secondary">{intro}</Typography.Text>
    </div>
  )
}
