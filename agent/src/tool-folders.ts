/**
 * Where vendors put their tools, besides the folders of `PATH`: searched last, in this order. Most
 * installers leave the path of a service as it is.
 */

export const USUAL_FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/nvidia/bin',
  '/usr/lib/wsl/lib',
  '/usr/local/dcmi',
  '/usr/local/Ascend/driver/tools',
  '/opt/hyhal/bin',
  '/usr/local/hyhal/bin',
  '/opt/dtk/bin',
  '/opt/mxdriver/bin',
  '/opt/maca/bin',
  '/usr/local/corex/bin',
  '/usr/local/xpu/bin',
  '/usr/local/efsmi',
  '/opt/birentech/bin',
  '/usr/local/birensupa/driver/biren-smi/bin',
  '/usr/local/PPU_SDK/ppu-smi/bin',
  '/opt/rocm/bin',
] as const
