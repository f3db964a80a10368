
# ---- the same for every package ------------------------------------------------------------------
yiben_say() { echo "$yiben_name: $1" >&2; }

# By whose tool it was installed: dpkg, rpm, or nothing.
yiben_owner() {
  if command -v dpkg-query >/dev/null &&
    dpkg-query --show --showformat '${Status}\n' "$yiben_name" 2>/dev/null | grep -Eq ' (installed|half-configured|unpacked)$'
  then echo dpkg
  elif command -v rpm >/dev/null && rpm --query "$yiben_name" >/dev/null 2>&1; then echo rpm
  fi
}

# A user and a group of its own, by the name of the package.
yiben_make_account() { # what it is called
  if ! getent group "$yiben_name" >/dev/null; then groupadd --system "$yiben_name"; fi
  if ! getent passwd "$yiben_name" >/dev/null; then
    useradd --system --gid "$yiben_name" --no-create-home --home-dir "$yiben_state" \
      --shell /usr/sbin/nologin --comment "$1" "$yiben_name"
  fi
  if [ -f "$yiben_config" ]; then
    chown "root:$yiben_name" "$yiben_config"
    chmod 0640 "$yiben_config"
  fi
}

yiben_forget_account() {
  if getent passwd "$yiben_name" >/dev/null; then userdel "$yiben_name" || true; fi
  if getent group "$yiben_name" >/dev/null; then groupdel "$yiben_name" || true; fi
}

# What a newer version wrote is not given to one that cannot read it. SQLite keeps the format in the
# four bytes at 60 of the file's head.
yiben_refuse_newer() { # format that this version reads, its version
  if [ ! -f "$yiben_data" ]; then return 0; fi
  format=$(od -An -t u1 -j 60 -N 4 "$yiben_data" |
    awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
  if [ "${format:-0}" -le "$1" ]; then return 0; fi
  yiben_say "the $yiben_data_word in $yiben_state has format $format, and $2 reads up to $1: a newer version wrote it. $yiben_way_back"
  return 1
}

# The program that is there stays beside until the new one is ready. What an interrupted installation
# has left there is the last one that was. While it is there, a service that is stopped says that it
# is being upgraded.
yiben_keep_old() {
  if [ ! -d "$yiben_lib" ] || [ -d "$yiben_lib.old" ]; then return 0; fi
  rm -rf "$yiben_lib.keep"
  cp -al "$yiben_lib" "$yiben_lib.keep" 2>/dev/null || {
    rm -rf "$yiben_lib.keep"
    cp -a "$yiben_lib" "$yiben_lib.keep"
  }
  mkdir "$yiben_lib.keep/beside"
  for file in $yiben_beside; do
    if [ -e "$file" ]; then cp -a "$file" "$yiben_lib.keep/beside/"; fi
  done
  yiben_keep_more "$yiben_lib.keep/beside"
  mv "$yiben_lib.keep" "$yiben_lib.old"
}

# An installation that was interrupted: what is there has not been seen to become ready.
yiben_interrupted() {
  for end in old keep new gone; do
    if [ -d "$yiben_lib.$end" ]; then return 0; fi
  done
  return 1
}

yiben_drop_old() { rm -rf "$yiben_lib.keep" "$yiben_lib.new" "$yiben_lib.gone" "$yiben_lib.old"; }

yiben_put_back() {
  if [ ! -d "$yiben_lib.old" ]; then return 1; fi
  for file in $yiben_beside; do
    kept="$yiben_lib.old/beside/${file##*/}"
    if [ -e "$kept" ]; then mv "$kept" "$file"; fi
  done
  rm -rf "$yiben_lib" "$yiben_lib.old/beside"
  mv "$yiben_lib.old" "$yiben_lib"
  yiben_reload
}

yiben_reload() {
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}

yiben_runs() {
  [ -d /run/systemd/system ] && systemctl is-active --quiet "$yiben_name.service"
}

# Ready is what the service tells systemd (Type=notify), and that it is still there a little later.
yiben_becomes_ready() {
  systemctl reset-failed "$yiben_name.service" 2>/dev/null || true
  systemctl restart "$yiben_name.service" 2>/dev/null || return 1
  sleep 5
  yiben_runs && [ "$(systemctl show --property NRestarts "$yiben_name.service")" = NRestarts=0 ]
}

# Has the new version run where the old one ran; starts nothing that did not run. When it does not
# become ready the old one is put back and runs again: but where it could not read what the new one
# has made of its data, it is left stopped.
yiben_take_over() { # version
  yiben_reload
  if ! yiben_runs || yiben_becomes_ready; then
    yiben_drop_old
    return 0
  fi
  journalctl --unit "$yiben_name.service" --lines 8 --no-pager --output cat >&2 || true
  old=$(cat "$yiben_lib.old/VERSION" 2>/dev/null || true)
  copy=$(yiben_copy_before "$yiben_lib.old/beside")
  if ! yiben_put_back; then
    yiben_say "$1 does not become ready; there is no older version to go back to."
  elif [ -n "$copy" ]; then
    systemctl stop "$yiben_name.service" 2>/dev/null || true
    yiben_say "$1 did not become ready, but it has given the $yiben_data_word a new format, which $old cannot read. $old was put back and is stopped. The $yiben_data_word as it was: $copy"
    yiben_say "to go back: $yiben_name restore $copy --replace && systemctl start $yiben_name"
  elif yiben_becomes_ready; then
    yiben_say "$1 did not become ready: $old was put back and runs."
  else
    yiben_say "$1 did not become ready, and neither does $old, which was put back."
  fi
  return 1
}

yiben_enable() {
  if command -v systemctl >/dev/null; then systemctl enable --quiet $yiben_enabled; fi
}

yiben_stop() {
  if [ -d /run/systemd/system ]; then systemctl stop $yiben_units 2>/dev/null || true; fi
  if command -v systemctl >/dev/null; then
    systemctl disable --quiet $yiben_units 2>/dev/null || true
  fi
}
