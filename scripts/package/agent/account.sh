# The agent's own user, in those of the vendors' device groups that this machine has. Sourced by the
# installers; repeating it is harmless.
yiben_account() {
  if ! getent group yiben-agent >/dev/null; then groupadd --system yiben-agent; fi
  if ! getent passwd yiben-agent >/dev/null; then
    useradd --system --gid yiben-agent --no-create-home --home-dir /var/lib/yiben \
      --shell /usr/sbin/nologin --comment 'Yiben agent' yiben-agent
  fi
  for group in video render HwHiAiUser; do
    if getent group "$group" >/dev/null; then usermod --append --groups "$group" yiben-agent; fi
  done
  if [ -f /etc/yiben/agent.yaml ]; then
    chown root:yiben-agent /etc/yiben/agent.yaml
    chmod 0640 /etc/yiben/agent.yaml
  fi
}

# Takes the new version over where the old one runs; starts nothing that did not run.
yiben_take_over() {
  if [ ! -d /run/systemd/system ]; then return 0; fi
  systemctl daemon-reload
  systemctl try-restart yiben-agent.service
}
