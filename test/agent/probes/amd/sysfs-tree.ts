/** Folders that stand in for what the amdgpu driver and KFD show of their cards. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface CardFiles {
  readonly address: string
  readonly deviceId?: string
  readonly classCode?: string
  /** Of its folder, with the content; `null`: the file is not there. */
  readonly files?: Readonly<Record<string, string | null>>
}

const MI300X = {
  vendor: '0x1002',
  mem_info_vram_total: `${196592 * 1024 * 1024}`,
  mem_info_vram_used: `${284 * 1024 * 1024}`,
  gpu_busy_percent: '0',
  current_compute_partition: 'SPX',
  current_memory_partition: 'NPS1',
  'hwmon/hwmon5/power1_average': '141000000',
  'hwmon/hwmon5/power1_cap': '750000000',
  'hwmon/hwmon5/temp1_label': 'junction',
  'hwmon/hwmon5/temp1_input': '42000',
  'ras/umc_err_count': 'ue: 0\nce: 3',
  'ras/gfx_err_count': 'ue: 0\nce: 0',
}

export class SysfsTree {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
    this.write('sys/module/amdgpu/version', '6.12.12')
  }

  write(path: string, content: string): void {
    const file = join(this.#root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${content}\n`)
  }

  remove(path: string): void {
    rmSync(join(this.#root, path), { recursive: true, force: true })
  }

  /** A card under its address, with the link of the display subsystem to it. */
  card(
    number: number,
    { address, deviceId = '74a1', classCode = '0x120000', files = {} }: CardFiles,
  ): void {
    const folder = `sys/bus/pci/devices/${address}`
    const all = {
      ...MI300X,
      device: `0x${deviceId}`,
      class: classCode,
      uevent: `DRIVER=amdgpu\nPCI_SLOT_NAME=${address}`,
      unique_id: `5a11c0de0000000${number}`,
      ...files,
    }
    for (const [name, content] of Object.entries(all)) {
      if (content !== null) this.write(`${folder}/${name}`, content)
    }
    mkdirSync(join(this.#root, folder, `drm/renderD${128 + number}`), { recursive: true })
    const link = join(this.#root, `sys/class/drm/card${number}`)
    mkdirSync(link, { recursive: true })
    symlinkSync(join(this.#root, folder), join(link, 'device'))
  }

  /** Node 0 is a processor. `locationId` is bus, device and function as one number. */
  kfdNode(number: number, gpuId: number, locationId: number): void {
    const folder = `sys/class/kfd/kfd/topology/nodes/${number}`
    this.write(`${folder}/gpu_id`, `${gpuId}`)
    this.write(
      `${folder}/properties`,
      `cpu_cores_count 0\nsimd_count ${gpuId === 0 ? 0 : 152}\nlocation_id ${locationId}\ndomain 0\ndrm_render_minor ${128 + number}`,
    )
    mkdirSync(join(this.#root, 'sys/class/kfd/kfd/proc'), { recursive: true })
  }

  /** What a process holds, in bytes by gpu id. */
  kfdProcess(pid: number, memory: Readonly<Record<number, string>>): void {
    this.write(`sys/class/kfd/kfd/proc/${pid}/pasid`, '32770')
    for (const [gpuId, bytes] of Object.entries(memory)) {
      this.write(`sys/class/kfd/kfd/proc/${pid}/vram_${gpuId}`, bytes)
    }
  }
}
