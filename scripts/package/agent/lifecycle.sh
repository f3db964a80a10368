# What every way of installing does to the machine: sourced by install.sh, part of the scripts of the
# .deb and the .rpm. Repeating any of it is harmless.
yiben_lib=/usr/lib/yiben-agent
yiben_state=/var/lib/yiben-agent
yiben_beside='/usr/bin/yiben-agent /usr/lib/systemd/system/yiben-agent.service
/usr/lib/systemd/system/yiben-agent-enroll.service'
# Groups by which vendors' packages let ordinary users read their cards (docs: vendors.md).
yiben_groups='HwHiAiUser render video'

yiben_say() { echo "yiben-agent: $1" >&2; }

# By whose tool it was installed: dpkg, rpm, or nothing.
yiben_owner() {
  if command -v dpkg-query >/dev/null &&
    dpkg-query --show --showformat '${Status}\n' yiben-agent 2>/dev/null | grep -Eq ' (installed|half-configured|unpacked)$'
  then echo dpkg
  elif command -v rpm >/dev/null && rpm --query yiben-agent >/dev/null 2>&1; then echo rpm
  fi
}

# The agent's own user, in those of the vendors' groups that this machine has.
yiben_account() {
  if ! getent group yiben-agent >/dev/null; then groupadd --system yiben-agent; fi
  if ! getent passwd yiben-agent >/dev/null; then
    useradd --system --gid yiben-agent --no-create-home --home-dir "$yiben_state" \
      --shell /usr/sbin/nologin --comment 'Yiben agent' yiben-agent
  fi
  for group in $yiben_groups; do
    if getent group "$group" >/dev/null; then usermod --append --groups "$group" yiben-agent; fi
  done
  if [ -f /etc/yiben/agent.yaml ]; then
    chown root:yiben-agent /etc/yiben/agent.yaml
    chmod 0640 /etc/yiben/agent.yaml
  fi
}

yiben_forget_account() {
  if getent passwd yiben-agent >/dev/null; then userdel yiben-agent || true; fi
  if getent group yiben-agent >/dev/null; then groupdel yiben-agent || true; fi
}

# Records that a newer version wrote are not given to one that cannot read them. SQLite keeps the
# format in the four bytes at 60 of the file's head.
yiben_refuse_newer_spool() { # format that this version reads, its version
  if [ ! -f "$yiben_state/spool.db" ]; then return 0; fi
  format=$(od -An -t u1 -j 60 -N 4 "$yiben_state/spool.db" |
    awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
  if [ "${format:-0}" -le "$1" ]; then return 0; fi
  yiben_say "the spool in $yiben_state has format $format, and $2 reads up to $1: a newer version wrote it. Install that version or a newer one."
  return 1
}

# The program that is there stays beside until the new one is ready. What an interrupted installation
# has left there is the last one that was.
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
  [ -d /run/systemd/system ] && systemctl is-active --quiet yiben-agent.service
}

# Ready means that its records are open and that it samples (Type=notify), and that it is still there
# a little later.
yiben_becomes_ready() {
  systemctl restart yiben-agent.service 2>/dev/null || return 1
  sleep 5
  yiben_runs && [ "$(systemctl show --property NRestarts yiben-agent.service)" = NRestarts=0 ]
}

# Has the new version run where the old one ran; starts nothing that did not run. When it does not
# become ready the old one is put back and runs again.
yiben_take_over() { # version
  yiben_reload
  if ! yiben_runs || yiben_becomes_ready; then
    yiben_drop_old
    return 0
  fi
  journalctl --unit yiben-agent.service --lines 5 --no-pager --output cat >&2 || true
  old=$(cat "$yiben_lib.old/VERSION" 2>/dev/null || true)
  if ! yiben_put_back; then
    yiben_say "$1 does not become ready; there is no older version to go back to."
  elif yiben_becomes_ready; then
    yiben_say "$1 did not become ready: $old was put back and runs."
  else
    yiben_say "$1 did not become ready, and neither does $old, which was put back."
  fi
  return 1
}

yiben_stop() {
  if [ -d /run/systemd/system ]; then
    systemctl stop yiben-agent-enroll.service yiben-agent.service 2>/dev/null || true
  fi
  if command -v systemctl >/dev/null; then
    systemctl disable --quiet yiben-agent.service yiben-agent-enroll.service 2>/dev/null || true
  fi
}

# Key, records that were not sent, options: gone for good. Others may live in /etc/yiben too.
yiben_purge() {
  rm -rf "$yiben_state" /run/yiben
  rm -f /etc/yiben/agent.yaml /etc/yiben/agent-ca.pem /etc/yiben/enroll.env
  if [ -d /etc/yiben ]; then rmdir --ignore-fail-on-non-empty /etc/yiben; fi
  yiben_forget_account
}
