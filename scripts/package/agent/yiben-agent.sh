#!/bin/sh
# The agent with the Node.js it ships with: nothing of the machine's own is used.
home=/usr/lib/yiben-agent
if [ "$(id -u)" = 0 ]; then
  # Enrolled by the daemon's user, the state is the daemon's and so is the view of the machine; what
  # root could read would not be true of the daemon.
  case " $* " in
    *' --state-dir '* | *' --config '* | *' --bundle '* | *' --help '*) ;;
    ' enroll '* | ' doctor '* | ' probe '*)
      if [ "$1" = enroll ]; then
        umask 077
        install -d -m 0700 -o yiben-agent -g yiben-agent /var/lib/yiben-agent
      fi
      exec setpriv --reuid yiben-agent --regid yiben-agent --init-groups --no-new-privs "$0" "$@"
      ;;
  esac
fi
if [ -z "${YIBEN_AGENT_CONFIG:-}" ] && [ -r /etc/yiben/agent.yaml ]; then
  export YIBEN_AGENT_CONFIG=/etc/yiben/agent.yaml
fi
unset NODE_OPTIONS NODE_PATH
# A guest: small heaps, one arena, and no compilers. What runs every ten seconds is quick enough as it
# is, and compiled it took 12 MiB more and no less CPU (install.md, beside the README).
export MALLOC_ARENA_MAX=1
exec "$home/bin/node" --max-semi-space-size=1 --optimize-for-size --no-opt --no-maglev --no-sparkplug \
  --disable-warning=ExperimentalWarning "$home/app/yiben-agent.mjs" "$@"
