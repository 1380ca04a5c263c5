# shellcheck shell=bash
# For the scripts beside it: ports and passwords.

port_answers() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Ports between 20000 and 32000 that nothing listens on: below those that the kernel gives to outgoing connections.
free_ports() {
  local port ports=()
  while ((${#ports[@]} < $1)); do
    port=$((20000 + RANDOM % 12000))
    if [[ " ${ports[*]} " != *" $port "* ]] && ! port_answers "$port"; then ports+=("$port"); fi
  done
  echo "${ports[@]}"
}

random_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
