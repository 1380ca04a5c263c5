#!/usr/bin/env bash
# Makes the models in the box again, as a user would make models: starts the standalone system, has it draw and extract two generated data sets, and trains through its
# gateway, each run from the model before, one thing after the other: how and where things move, what belongs to which words, which thing has which colour, all questions.
# Then the ways part, each with a system and a core of its own: questions about other clips, and descriptions.
#
#   infra/train-built-in.sh FOLDER     the two models land in FOLDER/<version>; data sets that a run before has left there are used again
#
# DEMOVLP_PORT (8080) and the next one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

(($# == 1)) && [[ $1 != -* ]] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2; }
out=$1 port=${DEMOVLP_PORT:-8080} servers=()

# Models as small as these train faster with one thread than with two, and rounding does not depend on the number of cores.
export Compute__Threads=1
mkdir -p "$out"

# shellcheck disable=SC2317 # the trap calls it
stop() {
  local code=$?
  trap - EXIT
  stop_servers
  exit "$code"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

stop_servers() {
  local server
  for server in "${servers[@]}"; do kill -TERM "$server" 2>/dev/null || true; done
  for server in "${servers[@]}"; do wait "$server" || true; done
  servers=()
}

# Starts a system on the data of FOLDER; the commands that follow are sent to it.
serve() { # serve FOLDER PORT
  if (: <"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
    echo "Port $2 is taken by another program. Choose another one: DEMOVLP_PORT=8090 $0 $out" >&2
    exit 1
  fi
  export DEMOVLP_URL=http://127.0.0.1:$2
  DEMOVLP_DATA=$out/$1 DEMOVLP_PORT=$2 artifacts/bin/DemoVlp.Standalone/release/DemoVlp.Standalone >"$out/$1.log" 2>&1 &
  servers+=($!)
  until curl -sf -o /dev/null --max-time 2 "$DEMOVLP_URL/health/ready"; do
    kill -0 "${servers[-1]}" 2>/dev/null || { cat "$out/$1.log" >&2; exit 1; }
    sleep 1
  done
}

demovlp() { artifacts/bin/DemoVlp.Cli/release/demovlp "$@"; }

# Trains and leaves the new model's version in $version.
version=tiny-untrained-2
train() { # train DATASET TASK EPOCHS BATCH-SIZE OPTION...
  local run
  printf '\n%s, from %s\n' "$2" "$version"
  demovlp train --dataset "$1" --task "$2" --base "$version" --epochs "$3" --batch-size "$4" --learning-rate 0.0005 --seed 1 "${@:5}" --watch
  run=$(demovlp runs --json | head -n 1)
  [[ $run =~ \"modelVersion\":\"([^\"]+)\" ]] || { echo "The run ended without a model: $run" >&2; exit 1; }
  version=${BASH_REMATCH[1]}
}

# Copies the model that was trained last, under its name in the box.
keep() { # keep VERSION FILE...
  local file name=$1
  shift
  mkdir -p "$out/$name"
  for file in "$@"; do curl -sf -o "$out/$name/$file" "$DEMOVLP_URL/api/v1/models/$version/files/$file"; done
}

questions() {
  train shapes-1 question-answering 6 64
  keep moving-shapes-question-answering-3 config.json model.safetensors vocab.txt answers.txt
}

descriptions() {
  train shapes-1 retrieval 40 32 --no-validation
  train shapes-2 retrieval 55 32
  keep moving-shapes-retrieval-3 config.json model.safetensors vocab.txt
}

infra/install.sh ffmpeg curl
for project in services/Standalone gateway/DemoVlp.Cli; do
  dotnet build "$project" -c Release -v q -nodeReuse:false >"$out/build.log" 2>&1 || { cat "$out/build.log" >&2; exit 1; }
done

serve data "$port"
for seed in 1 2; do
  demovlp datasets show shapes-$seed >/dev/null 2>&1 || demovlp datasets create shapes-$seed --seed $seed --clips 1500
done
train shapes-1 question-answering 6 64 --question-types how where
train shapes-1 retrieval 20 32 --no-validation
train shapes-1 question-answering 7 64 --question-types color
train shapes-2 question-answering 5 64

stop_servers
rm -rf "$out/data-descriptions"
cp -r "$out/data" "$out/data-descriptions"
serve data "$port"
questions &
halves=($!)
serve data-descriptions $((port + 1))
descriptions &
halves+=($!)
for half in "${halves[@]}"; do wait "$half"; done
