# What every way of installing does to the machine: sourced by install.sh, part of the scripts of the
# .deb and the .rpm. Repeating any of it is harmless.
yiben_name=yiben-collector
yiben_lib=/usr/lib/yiben-collector
yiben_state=/var/lib/yiben-collector
yiben_backups=/var/backups/yiben-collector
yiben_config=/etc/yiben-collector/collector.yaml
yiben_data=$yiben_state/ledger.sqlite
yiben_data_word=ledger
yiben_format_file=LEDGER_FORMAT
yiben_way_back='Going back is a restore of a backup (operations.md, Upgrade, and back).'
yiben_units='yiben-collector.service yiben-collector-backup.service yiben-collector-backup.timer'
yiben_enabled='yiben-collector.service yiben-collector-backup.timer'
yiben_beside='/usr/bin/yiben-collector /usr/lib/systemd/system/yiben-collector.service
/usr/lib/systemd/system/yiben-collector-backup.service
/usr/lib/systemd/system/yiben-collector-backup.timer'
yiben_purged='the ledger, its key, its backups and the options'
yiben_kept='/var/lib/yiben-collector (ledger, key), /var/backups/yiben-collector, /etc/yiben-collector'

yiben_account() {
  yiben_make_account 'Yiben collector'
  install -d -m 0700 -o yiben-collector -g yiben-collector "$yiben_state" "$yiben_backups"
}

# The newest copy that was made as a ledger's format changed.
yiben_newest_copy() {
  find "$yiben_state" -maxdepth 1 -name 'before-migration-*.sqlite' 2>/dev/null |
    sed 's/.*-\([0-9TZ]*\)\.sqlite$/\1 &/' | sort | tail -n 1 | cut -d ' ' -f 2-
}

yiben_keep_more() { yiben_newest_copy >"$1/copy"; } # folder

# The copy that a version has made which was installed since; nothing where it has made none.
yiben_copy_before() { # folder
  newest=$(yiben_newest_copy)
  if [ "$newest" != "$(cat "$1/copy" 2>/dev/null || true)" ]; then echo "$newest"; fi
}

yiben_start() {
  if [ ! -d /run/systemd/system ]; then return 0; fi
  systemctl start $yiben_enabled
}

# The ledger, its key, its backups beside it, options: gone for good.
yiben_purge() {
  rm -rf "$yiben_state" "$yiben_backups" /etc/yiben-collector
  rm -f /var/lib/systemd/timers/stamp-yiben-collector-backup.timer
  yiben_forget_account
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
