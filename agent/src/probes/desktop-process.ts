/**
 * The processes of a desktop session, which tools list beside compute: display servers, greeters,
 * window managers. A card that shows a desktop is not put to use by it.
 */
import type { CardProcess } from './card.ts'

/** Program names without their folder, in lower case. Kylin and UOS desktops are among them. */
const NAMES = new Set([
  'x',
  'xorg',
  'xwayland',
  'weston',
  'gnome-shell',
  'gnome-session',
  'mutter',
  'kwin',
  'kwin_x11',
  'kwin_wayland',
  'plasmashell',
  'compiz',
  'xfwm4',
  'marco',
  'cinnamon',
  'deepin-kwin_x11',
  'ukui-kwin',
  'ukui-kwin_x11',
  'ukui-panel',
  'peony-qt-desktop',
])
/** Login screens: `unity-greeter`, `lightdm-gtk-greeter`, `ukui-greeter`, `sddm-greeter`. */
const GREETER = /^(?:[\w-]+-)?greeter(?:-qt6)?$/
/** The parts of the Deepin desktop: `dde-dock`, `dde-desktop`. */
const DEEPIN = /^dde-[\w-]+$/

export function isDesktopProcess({ name }: CardProcess): boolean {
  const [command = ''] = (name ?? '').trim().split(/\s/, 1)
  const program = command.slice(command.lastIndexOf('/') + 1).toLowerCase()
  return NAMES.has(program) || GREETER.test(program) || DEEPIN.test(program)
}
