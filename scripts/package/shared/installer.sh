fail() { echo "install.sh: $1" >&2; exit "${2:-1}"; }

supported() {
  [ "$(uname -s)" = Linux ] || fail 'only Linux is supported' 3
  machine=$(uname -m)
  case $machine in
    loongarch64) fail 'LoongArch is not supported: there is no Node.js 24 for it' 3 ;;
  esac
  built=$(cat "$here/ARCHITECTURE")
  [ "$machine" = "$built" ] || fail "this package is for $built, the machine is $machine" 3
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p')
  [ -n "$libc" ] || fail 'the C library is not glibc (musl is not supported)' 3
  lowest=$(printf '%s\n2.28\n' "$libc" | sort -V | head -n 1)
  [ "$lowest" = 2.28 ] || fail "glibc $libc is too old: 2.28 is needed (CentOS 7 is not supported)" 3
  for tool in systemctl setpriv; do
    command -v "$tool" >/dev/null || fail "$tool is not here" 3
  done
  owner=$(yiben_owner)
  [ -z "$owner" ] || fail "$yiben_name was installed by $owner: upgrade it with the $owner package"
}

# Another version is there, or none, or one that nobody has seen become ready.
is_install_due() {
  version=$(cat "$here/VERSION")
  installed=$(cat "$yiben_lib/VERSION" 2>/dev/null || true)
  [ "$installed" != "$version" ] || yiben_interrupted
}

# Two of these at once would mix their files: the second waits.
work_alone() {
  [ "$(id -u)" = 0 ] || fail 'must be run as root'
  if command -v flock >/dev/null; then
    exec 9</usr/lib
    flock --timeout 120 9 || fail 'another install.sh is at work here'
  fi
}

put() { # path below files, mode
  mkdir -p "$(dirname "/$1")"
  install -m "$2" "$here/files/$1" "/$1.new"
  mv "/$1.new" "/$1"
}

put_files() {
  trap 'rm -rf "$yiben_lib.new"' EXIT
  rm -rf "$yiben_lib.new"
  cp -R --no-preserve=ownership "$here/files$yiben_lib" "$yiben_lib.new"
  # A program that cannot run here takes the place of none that can.
  said=$("$yiben_lib.new/bin/node" "$yiben_lib.new/app/$yiben_name.mjs" --version 2>&1) ||
    fail "$yiben_name $version does not run here: $(printf '%s\n' "$said" | head -n 3)"
  yiben_keep_old
  # One name after the other: there is no program for an instant only.
  rm -rf "$yiben_lib.gone"
  if [ -d "$yiben_lib" ]; then mv "$yiben_lib" "$yiben_lib.gone"; fi
  mv "$yiben_lib.new" "$yiben_lib"
  rm -rf "$yiben_lib.gone"
  for file in $yiben_beside; do
    case $file in
      */bin/*) put "${file#/}" 0755 ;;
      *) put "${file#/}" 0644 ;;
    esac
  done
  if [ ! -e "$yiben_config" ]; then put "${yiben_config#/}" 0640; fi
  mkdir -p "/usr/share/doc/$yiben_name"
  cp -R --no-preserve=ownership "$here/files/usr/share/doc/$yiben_name/." "/usr/share/doc/$yiben_name/"
  yiben_account
  trap - EXIT
}

# The new version in the place of the one that is there, which runs again where that fails.
install_version() {
  yiben_refuse_newer "$(cat "$here/files$yiben_lib/$yiben_format_file")" "$version" || exit 1
  echo "installing $yiben_name $version${installed:+ over $installed}"
  put_files
  yiben_take_over "$version" || exit 1
}
