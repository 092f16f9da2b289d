#!/usr/bin/env bash
# Builds all packages for every system of a release, and writes an archive of the program for each
# and the checksums of the archives to a folder:
#
#	dist.sh FOLDER VERSION LDFLAGS
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1 version=$2 ldflags=$3
rm -rf "$folder"
mkdir -p "$folder"
export CGO_ENABLED=0
for target in linux/amd64 linux/arm64 darwin/arm64 windows/amd64; do
  export GOOS=${target%/*} GOARCH=${target#*/}
  echo "build $target"
  go build ./...
  name=loadtide-$version-$GOOS-$GOARCH
  mkdir "$folder/$name"
  go build -ldflags "$ldflags" -o "$folder/$name/" ./services/loadtide
  cp LICENSE README.md CHANGELOG.md "$folder/$name"
  tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 \
    -czf "$folder/$name.tar.gz" "$name"
  rm -r "${folder:?}/$name"
done
(cd "$folder" && sha256sum -- *.tar.gz > SHA256SUMS && cat SHA256SUMS)
