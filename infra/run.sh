#!/usr/bin/env bash
# Builds and starts the standalone system: every service in one process, nothing else needed but ffmpeg, which is installed if missing.
#
#   infra/run.sh                 starts it, puts eight clips in that no model has seen, searches, asks, trains a little, stays up until Ctrl-C
#   infra/run.sh --once          the same, but stops afterwards; the exit code tells whether all of it worked (a wrong answer is printed, and no fault)
#   infra/run.sh --no-samples    starts it and stays up
#
# DEMOVLP_PORT (8080), DEMOVLP_DATA (~/.local/share/demovlp). If you set Gateway__ApiKeyHashes, give the key in DEMOVLP_API_KEY.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

once='' samples=yes
for argument in "$@"; do
  case $argument in
    --once) once=yes ;;
    --no-samples) samples='' ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "There is no option '$argument': --once, --no-samples." >&2; exit 2 ;;
  esac
done

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MASSTRANSIT_USAGE_TELEMETRY=false
export DEMOVLP_PORT=${DEMOVLP_PORT:-8080} DEMOVLP_DATA=${DEMOVLP_DATA:-${XDG_DATA_HOME:-$HOME/.local/share}/demovlp}
export DEMOVLP_URL=http://127.0.0.1:$DEMOVLP_PORT
log=$DEMOVLP_DATA/standalone.log clips=$DEMOVLP_DATA/samples server=''

fail() { echo "$*" >&2; exit 1; }
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
trap 'echo; echo "Stopping."; exit 130' INT
trap 'exit 143' TERM HUP

if (: <"/dev/tcp/127.0.0.1/$DEMOVLP_PORT") 2>/dev/null; then
  fail "Port $DEMOVLP_PORT is taken by another program. Choose another one: DEMOVLP_PORT=8081 infra/run.sh"
fi
[[ $(dotnet --version 2>/dev/null) == 10.* ]] || fail "The .NET SDK 10 is missing: see https://dotnet.microsoft.com/download."
infra/install.sh ffmpeg curl
# Videos are private: nobody else on this machine may read them.
(umask 077 && mkdir -p "$DEMOVLP_DATA")

demovlp() { artifacts/bin/DemoVlp.Cli/release/demovlp "$@"; }

echo "Building (the first time takes a few minutes)"
for project in services/Standalone ${samples:+gateway/DemoVlp.Cli services/Shared/MovingShapes.Cli}; do
  dotnet build "$project" -c Release -v q -nodeReuse:false >"$DEMOVLP_DATA/build.log" 2>&1 || { cat "$DEMOVLP_DATA/build.log" >&2; exit 1; }
done

artifacts/bin/DemoVlp.Standalone/release/DemoVlp.Standalone >"$log" 2>&1 &
server=$!

wait_until_ready() {
  printf 'Starting'
  for ((i = 0; i < 240; i++)); do
    if curl -sf -o /dev/null --max-time 2 "$DEMOVLP_URL/health/ready"; then echo; return 0; fi
    if ! kill -0 "$server" 2>/dev/null; then break; fi
    if ((i % 4 == 3)); then printf '.'; fi
    sleep 0.5
  done
  echo
  tail -n 30 "$log" >&2
  fail "The system did not become ready; its log is $log"
}

# Always the same clips, so that a second run finds those of the first. No model is trained on this seed, nor on any scene of the split "test".
make_samples() {
  [[ -s $clips/scenes.jsonl ]] || artifacts/bin/DemoVlp.MovingShapes.Cli/release/demovlp-shapes clips --seed 8 --test 8 --out "$clips" >/dev/null
  mapfile -t scenes <"$clips/scenes.jsonl"
}

# Without captions: what is found is found by what is seen in it.
upload_samples() {
  printf '\nPutting in %d clips of moving shapes\n' "${#scenes[@]}"
  demovlp upload "$clips"/videos/all/*.mp4 --wait
  # The same bytes again are the same video.
  mapfile -t ids < <(demovlp upload "$clips"/videos/all/*.mp4 --json | sed -E 's/^\{"id":"([^"]*)".*/\1/')
  ((${#ids[@]} == ${#scenes[@]})) || fail "The upload of the clips failed."
}

# Finds a pattern in JSON and leaves its parts in BASH_REMATCH.
parse() { [[ $1 =~ $2 ]] || fail "$3"; }
right=0
check() { # check EXPECTED SAID REMARK
  if [[ $2 == "$1" ]]; then right=$((right + 1)); printf '    %s%s: right\n' "$2" "$3"; else printf '    %s%s: WRONG, expected %s\n' "$2" "$3" "$1"; fi
}

show_searches() {
  local i answer
  printf '\nThree searches, each for what one clip shows\n'
  for i in 0 1 2; do
    parse "${scenes[i]}" '"captions":\["([^"]*)"' "The clips' descriptions cannot be read."
    printf '  %s\n' "${BASH_REMATCH[1]}"
    answer=$(demovlp search "${BASH_REMATCH[1]}" --limit 1 --json)
    parse "$answer" '"title":"([^"]*)","score":([-0-9.eE]+)' "The search found nothing."
    check "test$i.mp4" "${BASH_REMATCH[1]}" " (score ${BASH_REMATCH[2]})"
  done
}

show_questions() {
  local i answer question kinds=(- - - color where number) expected
  printf '\nThree questions\n'
  for i in 3 4 5; do
    parse "${scenes[i]}" "\"kind\":\"${kinds[i]}\",\"question\":\"([^\"]*)\",\"answer\":\"([^\"]*)\"" "The clips' questions cannot be read."
    question=${BASH_REMATCH[1]} expected=${BASH_REMATCH[2]}
    printf '  test%d.mp4: %s\n' "$i" "$question"
    answer=$(demovlp ask "${ids[i]}" "$question" --limit 1 --json)
    parse "$answer" '"answer":"([^"]*)","probability":([-0-9.eE]+)' "The question got no answer."
    check "$expected" "${BASH_REMATCH[1]}" " (probability ${BASH_REMATCH[2]:0:5})"
  done
  printf '\n%d of 6 right\n' "$right"
}

# Small, so that it takes a minute: it shows how training is started and watched, and makes no better model.
try_training() {
  local runs
  runs=$(demovlp runs --json)
  if grep -F '"dataset":"samples"' <<<"$runs" | grep -qF '"state":"completed"'; then
    printf '\nTraining was tried in an earlier start: demovlp runs\n'
    return
  fi
  printf '\nTraining on 24 other clips, from the model that answers; nothing is put in service\n'
  demovlp datasets create samples --seed 9 --clips 24 >/dev/null
  demovlp train --dataset samples --epochs 3 --batch-size 8 --watch
}

wait_until_ready
if [[ -n $samples ]]; then
  make_samples
  upload_samples
  show_searches
  show_questions
  try_training
fi
echo
[[ -z $once ]] || { echo "All of it worked."; exit 0; }
echo "DemoVLP is at $DEMOVLP_URL   (data: $DEMOVLP_DATA, log: $log)"
echo "Ctrl-C stops it."
code=0
wait "$server" || code=$?
server=''
tail -n 30 "$log" >&2
fail "The system ended by itself, exit code $code."
