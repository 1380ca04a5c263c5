#!/usr/bin/env bash
# A private RabbitMQ broker: own node, ports, data, user and password; nothing of a system-wide one is touched.
#
#   rabbitmq.sh start FOLDER     starts it and writes FOLDER/env (DEMOVLP_RABBITMQ, DEMOVLP_RABBITMQ_MANAGEMENT)
#   rabbitmq.sh restart FOLDER   kills it (-9) and starts it on the same data and ports
#   rabbitmq.sh stop FOLDER      kills it and its port mapper
set -euo pipefail
# shellcheck source=tests/backends/ports.sh
source "$(dirname "${BASH_SOURCE[0]}")/ports.sh"

command=${1:?start, restart or stop} folder=${2:?a folder}

configure() {
  mkdir -p "$folder"
  chmod 700 "$folder"
  folder=$(cd "$folder" && pwd)
  local password amqp management distribution mapper
  password=$(random_password)
  read -r amqp management distribution mapper < <(free_ports 4)
  printf '%s' "$(random_password)" >"$folder/.erlang.cookie"
  chmod 400 "$folder/.erlang.cookie"
  echo '[rabbitmq_management].' >"$folder/plugins"
  cat >"$folder/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp
management.tcp.ip = 127.0.0.1
management.tcp.port = $management
management.rates_mode = none
collect_statistics_interval = 1000
default_user = demovlp
default_pass = $password
raft.wal_max_size_bytes = 16777216
disk_free_limit.absolute = 50MB
log.console = false
CONF
  # No busy waiting: the tests want the cores. The server's own scripts, not the wrapper that insists on the system's user.
  cat >"$folder/server.env" <<ENV
export HOME=$folder ERL_EPMD_PORT=$mapper ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME=demovlp-test-$amqp@localhost RABBITMQ_DIST_PORT=$distribution
export RABBITMQ_CONFIG_FILE=$folder/rabbitmq.conf RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_MNESIA_BASE=$folder/data RABBITMQ_LOG_BASE=$folder/log RABBITMQ_PID_FILE=$folder/pid
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
amqp=$amqp mapper=$mapper
ENV
  cat >"$folder/env" <<ENV
export DEMOVLP_RABBITMQ=amqp://demovlp:$password@127.0.0.1:$amqp/
export DEMOVLP_RABBITMQ_MANAGEMENT=http://demovlp:$password@127.0.0.1:$management/
ENV
}

start() {
  # shellcheck source=/dev/null
  source "$folder/server.env"
  # shellcheck disable=SC2154 # of server.env
  if ! port_answers "$mapper"; then
    setsid epmd -port "$mapper" -address 127.0.0.1 </dev/null >/dev/null 2>&1 &
    echo $! >"$folder/epmd.pid"
  fi
  rm -f "$folder/pid"
  setsid /usr/lib/rabbitmq/bin/rabbitmq-server </dev/null >"$folder/server.log" 2>&1 &
  # The listener is what a node opens last.
  # shellcheck disable=SC2154
  for ((i = 0; i < 600; i++)); do
    if port_answers "$amqp"; then return 0; fi
    sleep 0.1
  done
  echo "RabbitMQ did not start:" >&2
  tail -n 40 "$folder/server.log" >&2
  return 1
}

kill_server() {
  local process
  [[ -s $folder/pid ]] || return 0
  process=$(<"$folder/pid")
  # Its children (disk and memory monitors) end with it.
  kill -9 "$process" 2>/dev/null || return 0
  while kill -0 "$process" 2>/dev/null; do sleep 0.05; done
}

case $command in
  start) configure; start ;;
  restart) kill_server; start ;;
  stop)
    kill_server
    if [[ -s $folder/epmd.pid ]]; then kill "$(<"$folder/epmd.pid")" 2>/dev/null || true; fi
    ;;
  *) echo "start, restart or stop, not '$command'" >&2; exit 2 ;;
esac
