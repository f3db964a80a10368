#!/bin/sh
# The agent with the Node.js it ships with: nothing of the machine's own is used. Small heaps, since
# it is a guest: figures in /usr/share/doc/yiben-agent.
home=/usr/lib/yiben-agent
if [ -z "${YIBEN_AGENT_CONFIG:-}" ] && [ -r /etc/yiben/agent.yaml ]; then
  export YIBEN_AGENT_CONFIG=/etc/yiben/agent.yaml
fi
unset NODE_OPTIONS NODE_PATH
exec "$home/bin/node" --max-semi-space-size=1 --optimize-for-size \
  --disable-warning=ExperimentalWarning "$home/app/yiben-agent.mjs" "$@"
