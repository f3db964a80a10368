# What every way of installing does to the machine: sourced by install.sh, part of the scripts of the
# .deb and the .rpm. Repeating any of it is harmless.
yiben_lib=/usr/lib/yiben-collector
yiben_state=/var/lib/yiben-collector
yiben_backups=/var/backups/yiben-collector
yiben_config=/etc/yiben-collector/collector.yaml
yiben_units='yiben-collector.service yiben-collector-backup.service yiben-collector-backup.timer'
yiben_beside='/usr/bin/yiben-collector /usr/lib/systemd/system/yiben-collector.service
/usr/lib/systemd/system/yiben-collector-backup.service
/usr/lib/systemd/system/yiben-collector-backup.timer'

yiben_say() { echo "yiben-collector: $1" >&2; }

# By whose tool it was installed: dpkg, rpm, or nothing.
yiben_owner() {
  if command -v dpkg-query >/dev/null &&
    dpkg-query --show --showformat '${Status}\n' yiben-collector 2>/dev/null | grep -Eq ' (installed|half-configured|unpacked)$'
  then echo dpkg
  elif command -v rpm >/dev/null && rpm --query yiben-collector >/dev/null 2>&1; then echo rpm
  fi
}

yiben_account() {
  if ! getent group yiben-collector >/dev/null; then groupadd --system yiben-collector; fi
  if ! getent passwd yiben-collector >/dev/null; then
    useradd --system --gid yiben-collector --no-create-home --home-dir "$yiben_state" \
      --shell /usr/sbin/nologin --comment 'Yiben collector' yiben-collector
  fi
  install -d -m 0700 -o yiben-collector -g yiben-collector "$yiben_state" "$yiben_backups"
  if [ -f "$yiben_config" ]; then
    chown root:yiben-collector "$yiben_config"
    chmod 0640 "$yiben_config"
  fi
}

# A ledger that a newer version wrote is not given to one that cannot read it. SQLite keeps the format
# in the four bytes at 60 of the file's head.
yiben_refuse_newer_ledger() { # format that this version reads, its version
  if [ ! -f "$yiben_state/ledger.sqlite" ]; then return 0; fi
  format=$(od -An -t u1 -j 60 -N 4 "$yiben_state/ledger.sqlite" |
    awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
  if [ "${format:-0}" -le "$1" ]; then return 0; fi
  yiben_say "the ledger in $yiben_state has format $format, and $2 reads up to $1: a newer version wrote it. Going back is a restore of a backup (operations.md, Upgrade, and back)."
  return 1
}

# The newest copy that was made as a ledger's format changed.
yiben_copy() {
  find "$yiben_state" -maxdepth 1 -name 'before-migration-*.sqlite' 2>/dev/null |
    sed 's/.*-\([0-9TZ]*\)\.sqlite$/\1 &/' | sort | tail -n 1 | cut -d ' ' -f 2-
}

# The program that is there stays beside until the new one is ready.
yiben_keep_old() {
  if [ ! -d "$yiben_lib" ]; then return 0; fi
  rm -rf "$yiben_lib.old"
  cp -al "$yiben_lib" "$yiben_lib.old" 2>/dev/null || {
    rm -rf "$yiben_lib.old"
    cp -a "$yiben_lib" "$yiben_lib.old"
  }
  mkdir "$yiben_lib.old/beside"
  for file in $yiben_beside; do
    if [ -e "$file" ]; then cp -a "$file" "$yiben_lib.old/beside/"; fi
  done
  yiben_copy >"$yiben_lib.old/beside/copy"
}

yiben_drop_old() { rm -rf "$yiben_lib.old" "$yiben_lib.new"; }

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
  [ -d /run/systemd/system ] && systemctl is-active --quiet yiben-collector.service
}

# Ready means that it serves (Type=notify), and that it still does a little later.
yiben_becomes_ready() {
  systemctl reset-failed yiben-collector.service 2>/dev/null || true
  systemctl restart yiben-collector.service 2>/dev/null || return 1
  sleep 5
  yiben_runs && [ "$(systemctl show --property NRestarts yiben-collector.service)" = NRestarts=0 ]
}

# Has the new version run where the old one ran; starts nothing that did not run. When it does not
# become ready the old one is put back and runs again: but where the ledger has a new format by then,
# which the old one cannot read, it is left stopped; going back is a restore of the copy made before.
yiben_take_over() { # version
  yiben_reload
  if ! yiben_runs || yiben_becomes_ready; then
    yiben_drop_old
    return 0
  fi
  journalctl --unit yiben-collector.service --lines 8 --no-pager --output cat >&2 || true
  old=$(cat "$yiben_lib.old/VERSION" 2>/dev/null || true)
  copy=$(yiben_copy)
  before=$(cat "$yiben_lib.old/beside/copy" 2>/dev/null || true)
  if ! yiben_put_back; then
    yiben_say "$1 does not become ready; there is no older version to go back to."
  elif [ "$copy" != "$before" ]; then
    systemctl stop yiben-collector.service 2>/dev/null || true
    yiben_say "$1 did not become ready, but it has given the ledger a new format, which $old cannot read. $old was put back and is stopped. The ledger as it was: $copy"
    yiben_say "to go back: yiben-collector restore $copy --replace && systemctl start yiben-collector"
  elif yiben_becomes_ready; then
    yiben_say "$1 did not become ready: $old was put back and runs."
  else
    yiben_say "$1 did not become ready, and neither does $old, which was put back."
  fi
  return 1
}

yiben_enable() {
  if command -v systemctl >/dev/null; then
    systemctl enable --quiet yiben-collector.service yiben-collector-backup.timer
  fi
}

yiben_start() {
  if [ ! -d /run/systemd/system ]; then return 0; fi
  systemctl start yiben-collector.service yiben-collector-backup.timer
}

yiben_stop() {
  if [ -d /run/systemd/system ]; then systemctl stop $yiben_units 2>/dev/null || true; fi
  if command -v systemctl >/dev/null; then
    systemctl disable --quiet yiben-collector.service yiben-collector-backup.timer 2>/dev/null || true
  fi
}

# The ledger, its key, its backups beside it, options: gone for good.
yiben_purge() {
  rm -rf "$yiben_state" "$yiben_backups" /etc/yiben-collector
  rm -f /var/lib/systemd/timers/stamp-yiben-collector-backup.timer
  if getent passwd yiben-collector >/dev/null; then userdel yiben-collector || true; fi
  if getent group yiben-collector >/dev/null; then groupdel yiben-collector || true; fi
}

yiben_welcome() {
  cat <<'TEXT'
yiben-collector: options are in /etc/yiben-collector/collector.yaml; start it with
  systemctl start yiben-collector yiben-collector-backup.timer
keep a copy of /var/lib/yiben-collector/identity.key in a safe place after that; then, for example
  yiben-collector site put BJ-01 --name NAME --region 110000
  yiben-collector token create --site BJ-01 --uses 100     # for agents
  yiben-collector token create --role admin                # for the dashboard
TEXT
}
