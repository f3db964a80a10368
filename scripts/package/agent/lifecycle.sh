# What every way of installing does to the machine: sourced by install.sh, part of the scripts of the
# .deb and the .rpm. Repeating any of it is harmless.
yiben_name=yiben-agent
yiben_lib=/usr/lib/yiben-agent
yiben_state=/var/lib/yiben-agent
yiben_config=/etc/yiben/agent.yaml
yiben_data=$yiben_state/spool.db
yiben_data_word=spool
yiben_format_file=SPOOL_FORMAT
yiben_way_back='Install that version or a newer one.'
yiben_units='yiben-agent-enroll.service yiben-agent.service'
yiben_enabled='yiben-agent.service'
yiben_beside='/usr/bin/yiben-agent /usr/lib/systemd/system/yiben-agent.service
/usr/lib/systemd/system/yiben-agent-enroll.service'
yiben_purged='the key, the spool and the options'
yiben_kept='/var/lib/yiben-agent (key, records not sent yet) and /etc/yiben'
# Groups by which vendors' packages let ordinary users read their cards (docs: vendors.md).
yiben_groups='HwHiAiUser render video'

# The agent's own user, in those of the vendors' groups that this machine has.
yiben_account() {
  yiben_make_account 'Yiben agent'
  for group in $yiben_groups; do
    if getent group "$group" >/dev/null; then usermod --append --groups "$group" yiben-agent; fi
  done
}

yiben_keep_more() { :; }
# No copy is made of a spool as its format changes: the old version refuses it, and says so.
yiben_copy_before() { :; }

yiben_welcome() {
  if [ -f "$yiben_state/enrollment.json" ]; then return 0; fi
  echo 'yiben-agent: enroll this machine with'
  echo '  yiben-agent enroll --collector wss://HOST:7480 --token TOKEN && systemctl start yiben-agent'
}

# Key, records that were not sent, options: gone for good. Others may live in /etc/yiben too.
yiben_purge() {
  rm -rf "$yiben_state" /run/yiben
  rm -f "$yiben_config" /etc/yiben/agent-ca.pem /etc/yiben/enroll.env
  if [ -d /etc/yiben ]; then rmdir --ignore-fail-on-non-empty /etc/yiben; fi
  yiben_forget_account
}
