#!/usr/bin/env bash
# Makes the models in the box again, as a user would make models: starts the standalone system, has it draw and extract three generated data sets, and trains
# through its gateway, each run from the model before: how and where things move, what belongs to which words, which thing has which colour, all questions, and
# descriptions.
#
#   infra/train-built-in.sh FOLDER     the two models land in FOLDER/<version>
#
# DEMOVLP_PORT (8080), DEMOVLP_DATA (FOLDER/data). Data sets that are there already are used. What it took stands beside the models (services/Training/BuiltIn/README.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

(($# == 1)) && [[ $1 != -* ]] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2; }
out=$1 server=''

export DEMOVLP_PORT=${DEMOVLP_PORT:-8080} DEMOVLP_DATA=${DEMOVLP_DATA:-$out/data}
export DEMOVLP_URL=http://127.0.0.1:$DEMOVLP_PORT
# So that rounding does not depend on the number of cores.
export Compute__Threads=2
mkdir -p "$out"

# shellcheck disable=SC2317 # the trap calls it
stop() {
  local code=$?
  trap - EXIT
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  exit "$code"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

demovlp() { artifacts/bin/DemoVlp.Cli/release/demovlp "$@"; }
infra/run.sh --no-samples >"$out/system.log" 2>&1 &
server=$!
dotnet build gateway/DemoVlp.Cli -c Release -v q -nodeReuse:false >"$out/build.log" 2>&1 || { cat "$out/build.log" >&2; exit 1; }
until curl -sf -o /dev/null --max-time 2 "$DEMOVLP_URL/health/ready"; do
  kill -0 "$server" 2>/dev/null || { cat "$out/system.log" >&2; exit 1; }
  sleep 1
done

# Trains and leaves the new model's version in $version.
version=tiny-untrained-2
train() { # train DATASET TASK EPOCHS BATCH-SIZE LEARNING-RATE OPTION...
  local run
  printf '\n%s, from %s\n' "$2" "$version"
  demovlp train --dataset "$1" --task "$2" --base "$version" --epochs "$3" --batch-size "$4" --learning-rate "$5" --seed 1 "${@:6}" --watch
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

for seed in 1 2 3; do demovlp datasets create shapes-$seed --seed $seed --clips 1500; done
train shapes-1 question-answering 5 64 5e-4 --question-types how where
train shapes-1 retrieval 18 32 5e-4 --no-validation
train shapes-1 question-answering 5 64 5e-4 --question-types color
train shapes-2 question-answering 3 64 5e-4
train shapes-3 question-answering 2 64 5e-4
keep moving-shapes-question-answering-6 config.json model.safetensors vocab.txt answers.txt
train shapes-2 retrieval 30 32 5e-4 --no-validation
train shapes-3 retrieval 30 32 5e-4 --no-validation
train shapes-1 retrieval 30 32 5e-4 --no-validation
train shapes-2 retrieval 12 32 3e-4 --no-validation
train shapes-3 retrieval 12 32 2e-4 --no-validation
keep moving-shapes-retrieval-6 config.json model.safetensors vocab.txt
