import type { Vendor } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import {
  type Assignment,
  type ResourceRule,
  resourceOf,
} from '../../../agent/src/owners/kubernetes-resources.ts'

describe('a resource is an accelerator of', () => {
  test.each<[string, Vendor, Assignment]>([
    ['nvidia.com/gpu', 'nvidia', 'exact'],
    ['nvidia.com/gpu.shared', 'nvidia', 'exact'],
    ['nvidia.com/mig-1g.10gb', 'nvidia', 'exact'],
    ['nvidia.com/GH100_H100', 'nvidia', 'exact'],
    ['gpu.nvidia.com', 'nvidia', 'exact'],
    ['volcano.sh/vgpu-number', 'nvidia', 'substituted'],
    ['aliyun.com/gpu-mem', 'nvidia', 'substituted'],
    ['huawei.com/Ascend910', 'ascend', 'substituted'],
    ['huawei.com/Ascend310P', 'ascend', 'substituted'],
    ['huawei.com/npu', 'ascend', 'substituted'],
    ['huawei.com/npu-core', 'ascend', 'substituted'],
    ['huawei.com/Ascend910-2c', 'ascend', 'exact'],
    ['huawei.com/Ascend310P-4c.3cpu', 'ascend', 'exact'],
    ['cambricon.com/mlu', 'cambricon', 'exact'],
    ['cambricon.com/mlu370.share', 'cambricon', 'exact'],
    ['cambricon.com/mlu370.mim-2m.8gb', 'cambricon', 'exact'],
    ['cambricon.com/mlu.smlu.vcore', 'cambricon', 'substituted'],
    ['hygon.com/dcu', 'hygon', 'exact'],
    ['hygon.com/dcunum', 'hygon', 'substituted'],
    ['metax-tech.com/gpu', 'metax', 'exact'],
    ['metax-tech.com/sgpu', 'metax', 'substituted'],
    ['mthreads.com/gpu', 'moore-threads', 'exact'],
    ['mthreads.com/vgpu', 'moore-threads', 'substituted'],
    ['enflame.com/gcu', 'enflame', 'exact'],
    ['enflame.com/drs-gcu', 'enflame', 'substituted'],
    ['iluvatar.com/gpu', 'iluvatar', 'exact'],
    ['iluvatar.ai/BI-V150-vgpu', 'iluvatar', 'substituted'],
    ['kunlunxin.com/xpu', 'kunlunxin', 'substituted'],
    ['birentech.com/gpu', 'biren', 'exact'],
    ['birentech.com/1-2-gpu', 'biren', 'exact'],
    ['alibabacloud.com/ppu', 'thead-ppu', 'exact'],
    ['amd.com/gpu', 'amd', 'exact'],
    ['amd.com/cpx_nps4', 'amd', 'exact'],
    ['gpu.intel.com/i915', 'intel', 'exact'],
    ['gpu.intel.com/xe', 'intel', 'exact'],
    ['gpu.intel.com', 'intel', 'exact'],
    ['gaudi.intel.com', 'habana', 'exact'],
    ['habana.ai/gaudi', 'habana', 'exact'],
    ['vastaitech.com/va', 'vastai', 'substituted'],
  ])('%s: %s, %s', (name, vendor, ids) => {
    expect(resourceOf(name, [])).toEqual({ vendor, ids })
  })

  test.each([
    'cpu',
    'hugepages-2Mi',
    'rdma/hca_shared_devices_a',
    'intel.com/sriov_netdevice',
    'qat.intel.com/cy',
    'devices.kubevirt.io/kvm',
    'dra.net',
    'nvidia.com.evil.example/gpu',
    'nvidia.com/hostdev',
    'nvidia.com/rdma_shared_device_a',
    'nvidia.com/mlnxnics',
    'compute-domain.nvidia.com',
    'amd.com/nic',
    'gpu.intel.com/monitoring',
    'gpu.intel.com/i915_monitoring',
    'cambricon.com/real-mlu-counts',
    'nvidia.com/gpumem',
    'nvidia.com/gpumem-percentage',
    'nvidia.com/gpucores',
    'hygon.com/dcumem',
    'huawei.com/Ascend910B3-memory',
    'iluvatar.ai/MR-V100.vCore',
    'metax-tech.com/vmemory',
    'amd.com/gpu-core-pct',
    'volcano.sh/vgpu-memory',
    '',
  ])('none: %j', (name) => expect(resourceOf(name, [])).toBeNull())
})

test('rules of the configuration come before what is known, the first that fits', () => {
  const rules: ResourceRule[] = [
    { name: 'huawei.com/Ascend910', vendor: 'ascend', ids: 'exact' },
    { name: 'nvidia.com/fabric-*', vendor: null, ids: 'exact' },
    { name: 'example.org/*', vendor: 'denglin', ids: 'substituted' },
    { name: 'example.org/gpu', vendor: 'xdx', ids: 'exact' },
  ]
  expect(resourceOf('huawei.com/Ascend910', rules)).toEqual({ vendor: 'ascend', ids: 'exact' })
  expect(resourceOf('huawei.com/Ascend910B', rules)?.ids).toBe('substituted')
  expect(resourceOf('nvidia.com/fabric-a', rules)).toBeNull()
  expect(resourceOf('example.org/gpu', rules)).toEqual({ vendor: 'denglin', ids: 'substituted' })
})
