#!/usr/bin/env bash
# Builds and starts the standalone system: every service in one process, nothing else needed but ffmpeg, which is installed if missing.
#
#   infra/run.sh                 starts it, puts three sample clips in, searches and asks, stays up until Ctrl-C
#   infra/run.sh --once          the same, but stops afterwards; the exit code tells whether all of it worked
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
address=http://127.0.0.1:$DEMOVLP_PORT log=$DEMOVLP_DATA/standalone.log server=''

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

echo "Building (the first time takes a few minutes)"
dotnet build services/Standalone -c Release -v q -nodeReuse:false >"$DEMOVLP_DATA/build.log" 2>&1 || { cat "$DEMOVLP_DATA/build.log" >&2; exit 1; }

artifacts/bin/DemoVlp.Standalone/release/DemoVlp.Standalone >"$log" 2>&1 &
server=$!

# JSON by hand: one field of the first object that has it, texts without quotes in them, or numbers.
field() { grep -oE "\"$1\":(\"[^\"]*\"|[-+0-9.eE]+)" | head -n1 | sed -E 's/^[^:]*://; s/^"(.*)"$/\1/'; }
# The objects that begin with a field, a line each.
items() { printf '%s\n' "${2//{\"$1\"/$'\n'{\"$1\"}" | grep "^{\"$1\""; }
call() { # call PATH [curl's arguments]: the answer's body; what went wrong in words otherwise
  local path=$1 answer status
  shift
  # The key is not for the list of processes.
  answer=$(curl -sS --max-time 120 -w '\n%{http_code}' "$@" -H @<(printf '%s' "${DEMOVLP_API_KEY:+X-Api-Key: $DEMOVLP_API_KEY}") "$address/api/v1/$path") || return 1
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  if [[ $status != 2* ]]; then
    echo "$path answered $status: $(field detail <<<"$answer")" >&2
    return 1
  fi
  printf '%s' "$answer"
}
post() { call "$1" -H 'Content-Type: application/json' --data "$2"; }

wait_until_ready() {
  printf 'Starting'
  for ((i = 0; i < 240; i++)); do
    if curl -sf -o /dev/null --max-time 2 "$address/health/ready"; then echo; return 0; fi
    if ! kill -0 "$server" 2>/dev/null; then break; fi
    if ((i % 4 == 3)); then printf '.'; fi
    sleep 0.5
  done
  echo
  tail -n 30 "$log" >&2
  fail "The system did not become ready; its log is $log"
}

# 4 s, 320x240, on grey: name, colour, size, transparency outside the shape (of the pixel X,Y), place at the time t.
names=('a red circle moves to the right' 'a blue square moves down' 'a green triangle moves to the left')
recipes=(
  "red|80|if(lte(hypot(X-40,Y-40),39),255,0)|x=50*t:y=80"
  "blue|70|255|x=125:y=40*t"
  "green|90|if(lte(abs(X-45),Y/2),255,0)|x=230-50*t:y=75"
)
make_samples() {
  local i colour size shape place file
  (umask 077 && mkdir -p "$DEMOVLP_DATA/samples")
  for i in "${!names[@]}"; do
    file=$DEMOVLP_DATA/samples/${names[i]// /-}.mp4
    [[ ! -s $file ]] || continue
    IFS='|' read -r colour size shape place <<<"${recipes[i]}"
    # Always the same bytes, so that a second run finds the clips of the first.
    ffmpeg -v error -nostdin -y -f lavfi -i "color=gray:s=320x240:r=25:d=4" \
      -f lavfi -i "color=$colour:s=${size}x$size:r=25:d=0.04,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='$shape',loop=-1:1:0" \
      -filter_complex "[0][1]overlay=$place:shortest=1" -c:v libx264 -pix_fmt yuv420p -threads 1 -fflags +bitexact -flags:v +bitexact -f mp4 "$file.part"
    mv "$file.part" "$file"
  done
}

ids=()
upload_samples() {
  local name answer
  for name in "${names[@]}"; do
    answer=$(call videos -F "file=@$DEMOVLP_DATA/samples/${name// /-}.mp4;type=video/mp4" -F "title=$name" -F "caption=$name") || fail "The upload of '$name' failed."
    ids+=("$(field id <<<"$answer")")
  done
  echo "Uploaded ${#ids[@]} sample clips"
}

wait_until_indexed() {
  local line before='' done_count failed i video status
  for ((second = 0; second < 600; second++)); do
    line='' done_count=0 failed=''
    for i in "${!ids[@]}"; do
      video=$(call "videos/${ids[i]}")
      status=$(field status <<<"$video")
      line+="  clip $((i + 1)): $status"
      case $status in
        indexed) done_count=$((done_count + 1)) ;;
        failed) failed+="'${names[i]}' failed: $(field detail <<<"$video")"$'\n' ;;
      esac
    done
    if [[ $line != "$before" ]]; then echo "$line"; before=$line; fi
    [[ -z $failed ]] || fail "$failed"
    ((done_count < ${#ids[@]})) || return 0
    sleep 0.5
  done
  fail "The clips were not indexed within five minutes; the log is $log"
}

show_search() {
  local query='a red circle moves to the right' answer number=0 line
  answer=$(post search "{\"query\":\"$query\",\"limit\":3}") || fail "The search failed."
  printf '\nSearch: %s\n' "$query"
  while read -r line; do
    number=$((number + 1))
    printf '  %d. %-38s score %6.3f   at %.1f s\n' "$number" "$(field title <<<"$line")" "$(field score <<<"$line")" "$(field timestampSeconds <<<"$line")"
  done < <(items videoId "$answer")
  ((number > 0)) || fail "The search found nothing."
}

show_question() {
  local question='what color is the circle' answer number=0 line
  answer=$(post "videos/${ids[0]}/answers" "{\"question\":\"$question\",\"limit\":3}") || fail "The question failed."
  printf '\nQuestion about "%s": %s?\n' "${names[0]}" "$question"
  while read -r line; do
    number=$((number + 1))
    printf '  %d. %-20s probability %.3f\n' "$number" "$(field answer <<<"$line")" "$(field probability <<<"$line")"
  done < <(items answer "$answer")
  ((number > 0)) || fail "The question got no answer."
}

wait_until_ready
if [[ -n $samples ]]; then
  make_samples
  upload_samples
  wait_until_indexed
  show_search
  show_question
fi
echo
[[ -z $once ]] || { echo "All of it worked."; exit 0; }
echo "DemoVLP is at $address   (data: $DEMOVLP_DATA, log: $log)"
echo "Ctrl-C stops it."
code=0
wait "$server" || code=$?
server=''
tail -n 30 "$log" >&2
fail "The system ended by itself, exit code $code."
