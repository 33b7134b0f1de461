"""What the table of flags says to people: `--help`, and the README's section.

`python -m audit.settings.usage README.md` brings the file's section up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.errors import ConfigError
from audit.settings.flags import GROUPS, IGNORED
from audit.settings.rows import AnyFlag, spelled

BEGIN = "<!-- flags -->"
END = "<!-- /flags -->"
_SYNTAX = """\
-x and --x are the same; --x=v or --x v; a boolean stands alone or takes =true or =false.
Every flag is also an environment variable: --audit-interval is PATROL_AUDIT_INTERVAL; the command line wins."""
_README_SYNTAX = """\
`-x` and `--x` are the same; `--x=v` or `--x v`; a boolean stands alone or takes `=true` or `=false`. Every flag is also
an environment variable: `--audit-interval` is `PATROL_AUDIT_INTERVAL`; the command line wins."""


def commands_help(commands: Mapping[str, str]) -> str:
    """What `patrol help` prints; `commands` maps each subcommand to a sentence."""
    width = max(map(len, commands))
    lines = "\n".join(f"  {name:<{width}}  {text}" for name, text in commands.items())
    return (
        f"Audits Kubernetes clusters against Gatekeeper policies.\n\nUsage: patrol COMMAND [flags]\n\n{lines}\n\n"
        + ("`patrol COMMAND --help` tells the flags of a command.\n")
    )


def flags_help(command: str, summary: str) -> str:
    """What `patrol run --help` prints."""
    parts = [f"Usage: patrol {command} [flags]\n\n{summary}\n\n{_SYNTAX}\n"]
    for group, flags in GROUPS.items():
        lines = "".join(_ignored_line(flag) if group == IGNORED else _help_line(flag) for flag in flags)
        parts.append(f"{group}:\n{lines}")
    return "\n".join(parts)


def readme_section() -> str:
    """The flags as Markdown, between the two markers."""
    parts = [BEGIN, _README_SYNTAX]
    for group, flags in GROUPS.items():
        if group == IGNORED:
            continue
        lines = "\n".join(_readme_row(flag) for flag in flags)
        parts.append(f"**{group}**\n\n| flag | default | meaning |\n|---|---|---|\n{lines}")
    ignored = ", ".join(f"`--{flag.name}`" for flag in GROUPS[IGNORED])
    parts += [f"**{IGNORED}**: {ignored}.", END]
    return "\n\n".join(parts)


def with_section(text: str) -> str:
    """The same document with what stands between its markers brought up to date. Raises ConfigError without markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"README: the markers {BEGIN} and {END} are not there")
    return before + readme_section() + after


def _help_line(flag: AnyFlag) -> str:
    head = f"  --{flag.name} {flag.type.hint}".rstrip()
    variable = f"; {flag.standard}" if flag.standard else ""
    notes = f"default {spelled(flag.default) or 'none'}{'; may be repeated' if flag.type.repeatable else ''}{variable}"
    return f"{head}\n        {flag.help} ({notes})\n"


def _ignored_line(flag: AnyFlag) -> str:
    return f"  --{flag.name:<52} {flag.help}\n"


def _readme_row(flag: AnyFlag) -> str:
    default = spelled(flag.default)
    variable = f" (also `{flag.standard}`)" if flag.standard else ""
    choice = f" ({flag.type.expected})" if "|" in flag.type.hint else ""
    return f"| `--{flag.name}` | {f'`{default}`' if default else ''} | {flag.help}{choice}{variable} |"


def main(argv: Sequence[str]) -> None:
    """Rewrite the section in each of these files."""
    for name in argv:
        path = Path(name)
        path.write_text(with_section(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
