#!/usr/bin/env bash
# Builds everything and runs the tests, with a RabbitMQ and a PostgreSQL of their own, which are gone afterwards.
#
#   tests/run.sh                 everything
#   tests/run.sh catalog         one test project (tests/DemoVlp.Catalog.Tests); several may be named
#   tests/run.sh Upload          the tests whose full name contains Upload
#   tests/run.sh parity          the models against the reference's numbers (DEMOVLP_GOLDENS names another set)
#
# DEMOVLP_RABBITMQ (amqp://user:password@host:port/) and DEMOVLP_POSTGRES (an Npgsql connection string of a server with pgvector)
# name servers to use instead. The last line is "N passed, N failed, N skipped".
set -euo pipefail
shopt -s nullglob
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MASSTRANSIT_USAGE_TELEMETRY=false
passed=0 failed=0 skipped=0 complaints=() running='' work=''

finish() {
  local code=$?
  trap - EXIT
  if [[ -n $running ]]; then kill -TERM "$running" 2>/dev/null || true; fi
  if [[ -n $work ]]; then
    tests/backends/rabbitmq.sh stop "$work/rabbitmq" || true
    tests/backends/postgres.sh stop "$work/postgres" || true
    rm -rf "$work"
  fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# In the background, so that Ctrl-C is heard at once.
run() {
  local code=0
  "$@" &
  running=$!
  wait "$running" || code=$?
  running=''
  return "$code"
}

# Which projects, which tests in them.
all=(tests/*.Tests/*.Tests.csproj) chosen=() filter=()
project_named() {
  local project name
  for project in "${all[@]}"; do
    name=$(basename "$project" .csproj)
    case ${1,,} in "${name,,}" | "demovlp.${1,,}" | "$(tr '[:upper:]' '[:lower:]' <<<"${name#DemoVlp.}")" | "$(tr '[:upper:]' '[:lower:]' <<<"${name:8:-6}")")
      echo "$project"; return ;;
    esac
  done
}
for argument in "$@"; do
  case $argument in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; trap - EXIT; exit 0 ;;
    parity) filter+=(-trait Category=parity); chosen+=(tests/DemoVlp.Modeling.Tests/DemoVlp.Modeling.Tests.csproj) ;;
    *)
      project=$(project_named "$argument")
      if [[ -n $project ]]; then chosen+=("$project"); else filter+=(-method "*$argument*"); fi
      ;;
  esac
done
((${#chosen[@]})) || chosen=("${all[@]}")

if [[ $(dotnet --version 2>/dev/null) != 10.* ]]; then
  echo "The .NET SDK 10 is missing: see https://dotnet.microsoft.com/download." >&2
  exit 1
fi

# What they need: RabbitMQ and PostgreSQL only where a chosen project asks for them.
infra/install.sh ffmpeg
mapfile -t folders < <(dirname "${chosen[@]}")
needs() { grep -rqsw "$1" "${folders[@]}" --include='*.cs'; }
work=$(mktemp -d "${TMPDIR:-/tmp}/demovlp-tests-XXXXXX")
chmod 711 "$work"
mkdir "$work/results"
if [[ -z ${DEMOVLP_RABBITMQ:-} ]] && needs TestRabbitMq; then
  infra/install.sh rabbitmq
  echo "Starting RabbitMQ"
  run tests/backends/rabbitmq.sh start "$work/rabbitmq"
  # shellcheck source=/dev/null
  source "$work/rabbitmq/env"
  export DEMOVLP_TEST_BACKENDS=$work/rabbitmq
fi
if [[ -z ${DEMOVLP_POSTGRES:-} ]] && needs TestPostgres; then
  infra/install.sh postgres
  echo "Starting PostgreSQL"
  run tests/backends/postgres.sh start "$work/postgres"
  # shellcheck source=/dev/null
  source "$work/postgres/env"
fi

# One project alone builds what it references; the end-to-end tests start hosts that they do not reference.
target=DemoVlp.sln
if [[ ${#chosen[@]} == 1 && ${chosen[0]} != *EndToEnd* ]]; then target=${chosen[0]}; fi
echo "Building $target"
run dotnet build "$target" -v q -m:2 -nodeReuse:false

count() { sed -n "s/.*<assembly [^>]*\b$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n1; }
for project in "${chosen[@]}"; do
  name=$(basename "$project" .csproj)
  limit=900
  if [[ $name == *EndToEnd* ]]; then limit=2700; fi
  echo
  echo "== $name"
  result=$work/results/$name.xml code=0 began=$SECONDS
  run timeout --kill-after=20 "$limit" "artifacts/bin/$name/debug/$name" -noLogo -noColor "${filter[@]}" -result-xml "$result" || code=$?
  if ((SECONDS - began >= limit)); then
    complaints+=("$name: stopped after $limit seconds") failed=$((failed + 1))
  elif [[ ! -s $result || -z $(count total "$result") ]]; then
    complaints+=("$name: the test process crashed (exit code $code)") failed=$((failed + 1))
  else
    bad=$(($(count failed "$result") + $(count errors "$result")))
    if ((code != 0 && bad == 0)); then
      complaints+=("$name: the test process ended with exit code $code") bad=1
    fi
    passed=$((passed + $(count passed "$result"))) skipped=$((skipped + $(count skipped "$result"))) failed=$((failed + bad))
    mapfile -t names < <(grep -o '<test [^>]*result="Fail"' "$result" | sed 's/.* name="\([^"]*\)".*/\1/; s/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g')
    complaints+=("${names[@]/#/$name: }")
  fi
done

echo
if ((${#complaints[@]})); then
  echo "Failed:"
  printf '  %s\n' "${complaints[@]}"
elif ((passed + skipped == 0)); then
  echo "No test matches: $*" >&2
  failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
