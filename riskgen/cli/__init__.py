"""The command line: the only place that prints, draws progress and sets exit codes.

Commands live in one file each and are imported when they are called, so that
``riskgen --help`` answers at once.
"""

from __future__ import annotations

import importlib
import sys

import click

from riskgen import __version__
from riskgen.errors import GateBlocked, RiskgenError

COMMANDS = {
    "demo": "The whole job on embedded data, with a report at the end.",
    "inspect": "Show what riskgen makes of a table, without fitting.",
    "fit": "Learn a table of transactions or prices.",
    "tune": "Search the options of a generator, and say whether it helped.",
    "simulate": "Draw scenarios from the newest run, stressed if wanted.",
    "evaluate": "Is it faithful, does it help, does it leak?",
    "utility": "Does it help? The full experiment, the generator refitted for every run.",
    "scarcity": "Where may it help? Few known frauds, or a new one.",
    "breaking-point": "From which severity on does a detector miss a fraud?",
    "response": "What stops a scenario, and how many genuine customers does it hit?",
    "report": "Write the evaluation as one offline HTML file.",
    "scenarios": "List, show and check stress scenarios.",
    "verify": "Check that no file of a run was changed.",
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the job, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; an unknown name gets click's own message."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"riskgen.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="riskgen")
def group() -> None:
    """Financial risk scenarios with a verdict that can be trusted, including no.

    \b
    riskgen fit transactions.parquet
    riskgen simulate --scenarios 10000
    riskgen evaluate
    riskgen report
    """


def main() -> None:
    """Run a command; exit 0 done, 1 unexpected, 2 our error or usage, 3 blocked."""
    try:
        group(standalone_mode=False)
    except click.exceptions.Abort:
        _stop("Stopped.", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except KeyboardInterrupt:
        _stop("Stopped.", 130)
    except GateBlocked as error:
        _stop(f"Blocked: {error}", 3)
    except RiskgenError as error:
        _stop(f"Error: {error}", 2)


def _stop(message: str, code: int) -> None:
    # One line, whatever the data put into a name: no control characters reach the terminal.
    line = " ".join(message.split())
    click.echo("".join(c if c.isprintable() else "?" for c in line), err=True)
    sys.exit(code)
