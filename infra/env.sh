#!/usr/bin/env bash
# Writes .env for docker compose with random secrets, if there is none. Prints no secret.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ -e .env ]]; then
  echo ".env is there already; it stays as it is."
  exit 0
fi

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
key=$(random)
written=$(mktemp .env.XXXXXX)
trap 'rm -f "$written"' EXIT
cat >"$written" <<ENV
# Written by infra/env.sh. Passwords take effect when the volumes are first made.
RABBITMQ_PASSWORD=$(random)
POSTGRES_PASSWORD=$(random)
# For clients, in the header X-Api-Key. The gateway is given the hash alone.
DEMOVLP_API_KEY=$key
DEMOVLP_API_KEY_SHA256=$(printf %s "$key" | sha256sum | cut -d' ' -f1)
ENV
mv "$written" .env
echo "Wrote .env: the API key for clients is DEMOVLP_API_KEY in it."
