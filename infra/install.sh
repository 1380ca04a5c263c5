#!/usr/bin/env bash
# Installs what this machine lacks: ffmpeg and curl for running the system; RabbitMQ, PostgreSQL with pgvector for its tests (Debian 12/13, Ubuntu 24.04).
# Starts no service and changes none that is there.
#
#   infra/install.sh ffmpeg curl rabbitmq postgres python-torch    (any of them; the last is what tests/benchmarks compares with)
set -euo pipefail

missing=() updated=''
postgres_version() { find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | cut -d/ -f5 | sort -n | tail -n1; }
as_root() {
  if [[ $EUID == 0 ]]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else echo "These are missing and only root can install them: ${missing[*]}" >&2; exit 1
  fi
}
apt_install() {
  missing=("$@")
  echo "Installing $*" >&2
  [[ -n $updated ]] || { as_root apt-get update -qq >&2; updated=yes; }
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# A package must not start its service, nor have it start with the machine, nor make a cluster.
quiet_services() {
  [[ -e /usr/sbin/policy-rc.d ]] || {
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod 755 /usr/sbin/policy-rc.d
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
  }
}
disable_service() { if [[ -d /run/systemd/system ]]; then as_root systemctl disable --quiet "$@" 2>/dev/null || true; fi; }

install_rabbitmq() {
  [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] && return
  quiet_services
  apt_install rabbitmq-server
  disable_service rabbitmq-server
}

install_postgres() {
  local version
  version=$(postgres_version)
  if [[ -z $version ]]; then
    quiet_services
    if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
      as_root mkdir -p /etc/postgresql-common
      echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    apt_install postgresql
    disable_service postgresql
    version=$(postgres_version)
  fi
  [[ -e /usr/share/postgresql/$version/extension/vector.control ]] && return
  [[ -n $updated ]] || { missing=("postgresql-$version-pgvector"); as_root apt-get update -qq >&2; updated=yes; }
  if apt-cache show "postgresql-$version-pgvector" >/dev/null 2>&1; then
    apt_install "postgresql-$version-pgvector"
  else
    build_pgvector "$version"
  fi
}

# Debian 12 has no package: its PostgreSQL takes the source of Debian 13's, found through a source list of its own.
build_pgvector() {
  local version=$1 work mirror options
  apt_install "postgresql-server-dev-$version" gcc make libc6-dev
  echo "Building pgvector for PostgreSQL $version" >&2
  work=$(mktemp -d)
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -Eom1 'https?://[^ ]+/debian/?( |$)' || true)
  mkdir -p "$work"/lists/partial "$work"/cache/archives/partial
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} trixie main" >"$work/sources"
  options=(-o "Dir::Etc::sourcelist=$work/sources" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" -qq update >&2
  (
    cd "$work"
    apt-get "${options[@]}" -qq source --download-only pgvector >&2
    mkdir source
    tar -xf pgvector_*.orig.tar.gz -C source --strip-components=1
    # No -march=native: the library may be kept in an image for another machine.
    make -s -C source OPTFLAGS= with_llvm=no "PG_CONFIG=/usr/lib/postgresql/$version/bin/pg_config" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    as_root make -s -C source OPTFLAGS= with_llvm=no "PG_CONFIG=/usr/lib/postgresql/$version/bin/pg_config" install >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  )
  rm -rf "$work"
}

for part in "$@"; do
  case $part in
    ffmpeg | curl) command -v "$part" >/dev/null || apt_install "$part" ;;
    rabbitmq) install_rabbitmq ;;
    postgres) install_postgres ;;
    python-torch) dpkg -s python3-torch python3-torchvision libopenblas0-pthread >/dev/null 2>&1 || apt_install python3-torch python3-torchvision libopenblas0-pthread ;;
    *) echo "There is no part '$part': ffmpeg, curl, rabbitmq, postgres, python-torch." >&2; exit 2 ;;
  esac
done
