#!/usr/bin/env bash
# Measures speed against PyTorch peers of our own (Debian's python3-torch with OpenBLAS, installed if missing), both sides in turn within one run.
# Prints Markdown tables; the ratios count, since seconds differ from machine to machine. Nothing else should be running.
#
#   tests/benchmarks/run.sh                            everything (an hour on two cores)
#   tests/benchmarks/run.sh video-language --rounds 3  one part: video-language, ranking, economy, neighbours, replicas, attention, detector, stages or precision; --only NAME picks rows, --help tells more
#   tests/benchmarks/run.sh stages --device cuda       where a frame's time goes on a GPU; so do detector (with --python, a Python whose torch has CUDA) and memory
#   tests/benchmarks/run.sh memory --clip FILE         peak memory of the full-size detector on a video's frames
#   tests/benchmarks/run.sh shapes                     what a system finds and answers about 200 unseen clips, through its gateway: its own, or --url ADDRESS;
#                                                      fails below what is required; --clips 10 for a trial
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

backend=cpu
if [[ " $* " == *" --device cuda"* ]]; then backend=cuda; fi
case ${1-} in
  memory | shapes) infra/install.sh ffmpeg ;;
  attention | stages) ;;
  *) if [[ " $* " != *" --python "* ]]; then infra/install.sh python-torch; fi ;;
esac
dotnet build tests/benchmarks/DemoVlp.Benchmarks -c Release -v q -m:2 -p:TorchBackend=$backend
run=artifacts/bin/DemoVlp.Benchmarks/release/DemoVlp.Benchmarks
if (($#)); then exec "$run" "$@"; fi
for part in video-language ranking economy neighbours replicas attention detector stages precision; do
  echo
  echo "## $part"
  "$run" "$part"
done
