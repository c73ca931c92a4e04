"""Runs the executable under test."""

import json
import subprocess

import environment


class CommandFailed(Exception):
    """A `selfpruner` run that ended with a non-zero code or with output that is no JSON."""


class NoBfloat16(CommandFailed):
    """This processor has no bfloat16, and the run wanted it."""


def run(*arguments) -> str:
    command = [environment.selfpruner(), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        last = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()[-1]
        kind = NoBfloat16 if "cannot multiply bfloat16" in last else CommandFailed
        raise kind(f"`selfpruner {arguments[0]}` ended with {result.returncode}: {last}")
    return result.stdout


def run_json(*arguments) -> dict:
    output = run(*arguments, "--json")
    try:
        return json.loads(output)
    except json.JSONDecodeError as error:
        raise CommandFailed(f"`selfpruner {arguments[0]} --json` printed no JSON ({error})") from error
