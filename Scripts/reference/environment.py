"""The Python environment of the references (torch, transformers): found or built once, outside the repository.

Standard library only, so that any python3 can start it; the pinned packages need 3.11 or later.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REQUIREMENTS = HERE / "requirements.txt"


def cache() -> pathlib.Path:
    """The folder of what set-up fetches. The XDG specification tells programs to ignore a relative path."""
    named = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (named if named.is_absolute() else pathlib.Path.home() / ".cache") / "self-pruner"


def virtual_environment(folder: pathlib.Path, what: str, *requirements: str) -> pathlib.Path:
    """The interpreter of a virtual environment with what pip is told to install, built where it is not there, or was built
    of other requirements or by another python3.

    `what` says to the user what is being built. Raises OSError or CalledProcessError.
    """
    python = folder / "bin" / "python"
    stamp = folder / "built-of"
    # Of files what is in them: clones share the cache folder.
    words = [pathlib.Path(word).read_text() if os.path.isfile(word) else word for word in requirements]
    wanted = hashlib.sha256("\n".join([sys.version, *words]).encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"building {what} in {folder}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, stdout=sys.stderr)
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", *requirements], check=True, stdout=sys.stderr)
    stamp.write_text(wanted)
    return python


def reference_python() -> str:
    """The interpreter that can import torch and transformers.

    `$SELFPRUNER_PYTHON` when set; else a virtual environment in the cache folder, built on first use from
    `requirements.txt` and rebuilt when that file changes. Exits with one sentence when it cannot be built.
    """
    chosen = os.environ.get("SELFPRUNER_PYTHON")
    if chosen:
        return chosen
    try:
        return str(virtual_environment(
            cache() / "venv-reference", "the reference environment (several gigabytes, once)", "-r", str(REQUIREMENTS)))
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"the reference environment could not be built ({error}); it needs python3-venv, network and about 6 GB, "
            "or set SELFPRUNER_PYTHON to a python with the packages of Scripts/reference/requirements.txt")


def add_requirements(python: str, name: str) -> None:
    """Adds the packages of a second file to the virtual environment, once; a chosen interpreter is left as it is."""
    if os.environ.get("SELFPRUNER_PYTHON"):
        return
    requirements = HERE / name
    stamp = cache() / "venv-reference" / f"{requirements.stem}.sha256"
    wanted = hashlib.sha256(requirements.read_bytes() + REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"adding {name} to the reference environment", file=sys.stderr)
    try:
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "-r", str(requirements), "-c", str(REQUIREMENTS)],
            check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"the packages of Scripts/reference/{name} could not be installed ({error}); this needs network")
    stamp.write_text(wanted)


def run_in_reference_environment(more: str | None = None) -> None:
    """Replaces this process by the same script under the reference interpreter, unless that is what runs it.

    `more` names a file beside `requirements.txt` with packages that the script needs too.
    """
    if os.environ.get("SELFPRUNER_IN_REFERENCE") == "1":
        return
    python = reference_python()
    if more:
        add_requirements(python, more)
    environment = dict(
        os.environ, SELFPRUNER_IN_REFERENCE="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false",
        TQDM_DISABLE="1")
    try:
        os.execve(python, [python, *sys.argv], environment)
    except OSError as error:
        sys.exit(f"{python} cannot be run ({error.strerror}); check SELFPRUNER_PYTHON")


def selfpruner() -> str:
    """The executable under test: `$SELFPRUNER`, else the release build of this repository."""
    path = os.environ.get("SELFPRUNER") or str(ROOT / ".build" / "release" / "selfpruner")
    if not os.access(path, os.X_OK):
        sys.exit(f"{path} is not there; run `make build`, or set SELFPRUNER to the executable")
    return path


if __name__ == "__main__":
    # For shell scripts: prints the interpreter, or ends with one sentence.
    print(reference_python())
