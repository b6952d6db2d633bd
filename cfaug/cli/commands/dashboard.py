"""``cfaug dashboard``: a W&B workspace with a panel for all that runs log."""

import json
import re
from dataclasses import asdict
from typing import Any

import wandb
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from wandb.errors import CommError, UsageError

from cfaug.cli.options import command_parser
from cfaug.tracking.dashboard_panels import Panel, sections
from datamodules.base import AttributeDataModule

AXIS = "trainer/global_step"


def main(args: list[str]) -> None:
    """Run the command."""
    parser = command_parser(
        "dashboard",
        "Make a W&B workspace for the runs on a data set.",
        parser_mode="omegaconf+",
    )
    parser.add_argument("-c", "--config", action="config", help="a YAML of these options")
    parser.add_subclass_arguments(AttributeDataModule, "data", required=True)
    parser.add_argument(
        "--entity", type=str | None, default=None, help="user or team; by default your own"
    )
    parser.add_argument("--project", type=str, default="cfaug", help="W&B project of the runs")
    parser.add_argument(
        "--methods",
        type=list[str],
        default=["erm", "balanced", "erm+conditional-vae", "oracle"],
        help="methods of a benchmark to compare, by their names in its table",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be made, without an account"
    )
    options = parser.parse_args(args)
    data: AttributeDataModule = parser.instantiate(options).data
    specification = sections(data.attribute_space, options.methods, data.test_sets)
    if options.dry_run:
        print(json.dumps([asdict(section) for section in specification], indent=2))
        return
    name = f"{options.project}: {', '.join(data.attribute_space.names)}"
    made = ws.Workspace(
        entity=options.entity or _own_entity(),
        project=options.project,
        name=name,
        sections=[
            ws.Section(name=s.name, panels=[widget(p) for p in s.panels], is_open=True)
            for s in specification
        ],
        runset_settings=ws.RunsetSettings(
            groupby=[ws.Config("dataset"), ws.Config("group")],
            pinned_columns=["run:displayName", "config:method.value", "config:strength.value"],
        ),
    )
    try:
        made.save()
    except (CommError, UsageError) as error:
        raise ValueError(f"W&B did not take the workspace: {error}") from error
    print(f"workspace: {made.url}")


def _own_entity() -> str:
    try:
        entity: str | None = wandb.Api().default_entity
    except (CommError, UsageError) as error:
        msg = f"no W&B account ({error}); run `wandb login`, or try --dry-run"
        raise ValueError(msg) from error
    if entity is None:
        raise ValueError("your W&B account has no default entity; name one with --entity")
    return entity


def widget(panel: Panel) -> Any:
    """The panel as W&B's library has it."""
    first, *more = panel.keys or [""]
    match panel.kind:
        case "lines" if "{" in first:
            return wr.LinePlot(title=panel.title, x=AXIS, metric_regex=pattern(first))
        case "lines":
            return wr.LinePlot(title=panel.title, x=AXIS, y=[first, *more])
        case "bars":
            return wr.BarPlot(title=panel.title, metrics=[first, *more])
        case "scatter":
            return wr.ScatterPlot(title=panel.title, x=wr.Config("strength"), y=first)
        case "images":
            return wr.MediaBrowser(title=panel.title, media_keys=[first, *more])
        case "table":
            return wr.WeavePanelSummaryTable(table_name=first)
    return wr.RunComparer(diff_only="split")


def pattern(key: str) -> str:
    """A regular expression for the names that a key with words in braces stands for."""
    return "^" + re.sub(r"\\\{\w+\\\}", ".+", re.escape(key)) + "$"
