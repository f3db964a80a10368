/**
 * Builds what a browser loads: one page, hashed files, pages of the dashboard loaded when they are
 * opened. `vite` (development) hands /v1 on to a collector, by default on the usual port.
 */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const { YIBEN_TOKEN: token, YIBEN_URL: url = 'http://127.0.0.1:7480' } = process.env
/** With a token in the environment nobody has to log in while a page is being made. */
const collector = {
  target: url,
  headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome111', 'firefox115', 'safari16'],
    // The chart library and the components are larger than the default warning allows.
    chunkSizeWarningLimit: 1_500,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'charts', test: /node_modules[\\/](echarts|zrender)/ },
            { name: 'components', test: /node_modules[\\/](antd|@ant-design|@rc-component|rc-)/ },
            {
              name: 'react',
              test: /node_modules[\\/](react|react-dom|scheduler|@tanstack|i18next)/,
            },
          ],
        },
      },
    },
  },
  server: { proxy: { '/v1': collector, '/docs': collector } },
})
