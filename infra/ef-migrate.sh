#!/usr/bin/env bash
# Adds a migration for both database providers of a service.
#
#   infra/ef-migrate.sh Catalog AddCaptions
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
service=${1:?a service: Catalog, Training or QueryAnswering} name=${2:?the name of the migration, such as AddCaptions}
[[ -d services/$service/Data ]] || { echo "services/$service owns no database." >&2; exit 2; }

dotnet tool restore
dotnet build "services/$service" -v q
for provider in Sqlite Postgres; do
  context=$(grep -rhoE "class ${provider}[A-Za-z]*DbContext\b" "services/$service/Data" --include='*.cs' | head -n1 | cut -d' ' -f2)
  dotnet ef migrations add "$name" --no-build --project "services/$service" --context "$context" --output-dir "Data/Migrations/$provider"
done
