#!/bin/sh
# The collector with the Node.js it ships with: nothing of the machine's own is used.
home=/usr/lib/yiben-collector
if [ "$(id -u)" = 0 ]; then
  # The ledger is its user's: what root wrote there could not be served any more.
  case " $* " in
    *' --data-dir '* | *' --config '* | *' --help '* | *' --version '*) ;;
    *)
      exec setpriv --reuid yiben-collector --regid yiben-collector --init-groups --no-new-privs \
        "$0" "$@"
      ;;
  esac
fi
if [ -z "${YIBEN_COLLECTOR_CONFIG:-}" ] && [ -r /etc/yiben-collector/collector.yaml ]; then
  export YIBEN_COLLECTOR_CONFIG=/etc/yiben-collector/collector.yaml
fi
unset NODE_OPTIONS NODE_PATH
exec "$home/bin/node" --disable-warning=ExperimentalWarning \
  "$home/app/yiben-collector.mjs" "$@"
