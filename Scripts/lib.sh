# Sourced by every script here: where things are, and how a script says that something is wrong.
# Plain bash 3.2, which is what macOS ships.
# shellcheck disable=SC2034 # its variables are for those who source it
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Says one sentence and ends the script.
fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

step() {
    printf -- '--> %s\n' "$1" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Prints the first python3 that has pip.
python_with_pip() {
    local python
    for python in python3 /usr/bin/python3; do
        if have "$python" && "$python" -m pip --version >/dev/null 2>&1; then
            echo "$python"
            return 0
        fi
    done
    return 1
}

# The XDG specification tells programs to ignore a relative XDG_CACHE_HOME.
case "${XDG_CACHE_HOME:-}" in
/*) cache="$XDG_CACHE_HOME/self-pruner" ;;
*)
    [ -n "${HOME:-}" ] || fail "neither XDG_CACHE_HOME nor HOME is set: set one of them to a folder that can be written."
    cache="$HOME/.cache/self-pruner"
    ;;
esac

model="$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf"
texts="$cache/texts"

# Folders where Homebrew keeps the .pc files of what it does not link into its prefix.
homebrew_pkgconfig() {
    local prefix folder
    for prefix in "${HOMEBREW_PREFIX:-}" /opt/homebrew /usr/local /home/linuxbrew/.linuxbrew; do
        [ -n "$prefix" ] || continue
        for folder in "$prefix"/lib/pkgconfig "$prefix"/opt/openblas/lib/pkgconfig; do
            if [ -d "$folder" ]; then printf '%s:' "$folder"; fi
        done
    done
}

# What the system itself offers, and then what setup adds to it. Setup asks the first list whether a
# library is there already and writes a .pc file of its own only if it is not, so the folder of those
# files has no place in that list, even if the caller's PKG_CONFIG_PATH names it (a shell that sourced
# `environment` does).
cache_pkgconfig="$cache/pkgconfig"
system_pkgconfig=
while IFS= read -r -d : folder; do
    case ":$system_pkgconfig" in
    *":$folder:"*) continue ;;
    esac
    if [ -n "$folder" ] && [ "$folder" != "$cache_pkgconfig" ]; then system_pkgconfig+="$folder:"; fi
done <<<"${PKG_CONFIG_PATH:-}:$(homebrew_pkgconfig)"
