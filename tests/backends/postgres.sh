#!/usr/bin/env bash
# A private PostgreSQL server: own cluster, port and password; nothing of a system-wide one is touched.
#
#   postgres.sh start FOLDER   makes the cluster, starts it and writes FOLDER/env (DEMOVLP_POSTGRES)
#   postgres.sh stop FOLDER    stops it
set -euo pipefail
# shellcheck source=tests/backends/ports.sh
source "$(dirname "${BASH_SOURCE[0]}")/ports.sh"

command=${1:?start or stop} folder=${2:?a folder}
bin=$(find /usr/lib/postgresql -path '*/bin/initdb' | sort -t/ -k5n | tail -n1 | xargs dirname)

# PostgreSQL refuses to run as root.
as_owner() { if [[ $EUID == 0 ]]; then runuser -u postgres -- "$@"; else "$@"; fi; }

start() {
  local port password
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  chmod 700 "$folder"
  port=$(free_ports 1)
  password=$(random_password)
  printf '%s\n' "$password" >"$folder/password"
  if [[ $EUID == 0 ]]; then chown -R postgres "$folder"; fi
  cd "$folder"
  as_owner "$bin/initdb" -D "$folder/data" -U demovlp -E UTF8 --locale=C --no-sync -A scram-sha-256 --pwfile="$folder/password" >"$folder/initdb.log"
  # Tests do not outlive a power cut: no fsync.
  as_owner tee -a "$folder/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
  as_owner "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -t 60 start >/dev/null || { tail -n 40 "$folder/server.log" >&2; exit 1; }
  echo "export DEMOVLP_POSTGRES='Host=127.0.0.1;Port=$port;Username=demovlp;Password=$password;Database=postgres'" >"$folder/env"
}

case $command in
  start) start ;;
  stop) if [[ -e $folder/data/postmaster.pid ]]; then cd "$folder"; as_owner "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null; fi ;;
  *) echo "start or stop, not '$command'" >&2; exit 2 ;;
esac
