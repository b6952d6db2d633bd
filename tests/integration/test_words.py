"""The words of the command line: what they reach, and what is wrong with them."""

import json
import re
from pathlib import Path

import pytest
import yaml

from cfaug.cli.main import main
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, GENERATOR, ROOT


def test_overrides_reach_what_they_name(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["generator", "fit", *BASE, *DATA, *GENERATOR, "--data.init_args.strength", "0.99"]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--model.init_args.beta", "0.7", "--print_config"])
    assert stop.value.code == 0
    config = yaml.safe_load(capsys.readouterr().out)
    assert config["data"]["init_args"]["strength"] == 0.99
    assert config["data"]["init_args"]["sampling"] == "deconfounded"
    assert config["model"]["init_args"]["beta"] == 0.7


@pytest.mark.parametrize(
    "path", sorted((ROOT / "experiments/data").glob("*.yaml")), ids=lambda p: p.stem
)
@pytest.mark.parametrize("what", ["generator", "classifier"])
def test_every_data_file_goes_with_every_module(
    what: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = GENERATOR if what == "generator" else CLASSIFIER
    with pytest.raises(SystemExit) as stop:
        main([what, "fit", *BASE, "-c", str(path), *config, "--print_config"])
    assert stop.value.code == 0
    assert "class_path: datamodules" in capsys.readouterr().out


def test_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert main(["nonsense"]) == 2
    printed = capsys.readouterr()
    assert "evaluate" in printed.out
    assert "unknown command 'nonsense'" in printed.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["generator", "fit", *DATA], "arguments are required: fit.model"),
        (["classifier", "fit", "-c", "no.yaml"], "File does not exist: '.*no.yaml'"),
        (["generator", "train"], "invalid choice: 'train' .choose from 'fit', "),
        (["audit", "--tabel", "a.csv"], "unrecognized arguments: --tabel"),
        (["benchmark", "-c", "no.yaml"], "File does not exist: '.*no.yaml'"),
        (["report"], "arguments are required: runs"),
        (["faces", "--count", "few"], '"count".*few'),
        (
            ["audit", *DATA, "--data.init_args.colour", "red"],
            "datamodules.ConfoundedDigits: Option 'colour' is not accepted",
        ),
    ],
)
def test_wrong_words_are_told_in_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert re.fullmatch(f"cfaug: error: .*{message}.*; --help lists the options\n", told)


def test_a_wrong_option_of_the_data_is_told_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", *DATA, "--data.init_args.colour", "red"]) == 2
    told = "datamodules.ConfoundedDigits: Option 'colour' is not accepted"
    assert capsys.readouterr().err == f"cfaug: error: {told}; --help lists the options\n"


def test_audit_of_a_table_needs_no_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "attributes.csv"
    rows = [f"{i}.jpg,{'ab'[i % 2]},{'cd'[i % 2 if i % 10 else 1]},{i % 3}" for i in range(300)]
    table.write_text("\n".join(["file,hair,hat,size", *rows]))
    words = ["audit", "--table", str(table), "--folder", str(tmp_path / "audit")]
    assert main([*words, "--label", "hat", "--sets", "true"]) == 0
    found = json.loads((tmp_path / "audit/audit.json").read_text())
    assert found["attributes"] == {"hat": ["c", "d"], "hair": ["a", "b"], "size": ["0", "1", "2"]}
    first = found["pairs"][0]
    assert (first["first"], first["second"]) == ("hat", "hair")
    assert first["holm_p_value"] < 0.01
    assert first["rarest"] == "c, b"
    assert first["smallest_cell"] == 0
    assert len(found["sets"]) == 1
    assert found["empty"] == [f"hat=c, hair=b, size={size}" for size in range(3)]
    # Names are no markup, neither of the terminal nor of the picture.
    rows = [f"{i},[/no{i % 2}],$1_${i % 2}_$" for i in range(9)]
    table.write_text("\n".join(["file,hair,hat", *rows]))
    assert main([*words, "--label", "hat"]) == 0
    assert "$1_$0_$, [/no1]: 0" in capsys.readouterr().out
    assert main(words) == 1
    assert "that classifiers predict: --label" in capsys.readouterr().err
    assert main(["audit", *DATA, "--label", "hat", "--folder", str(tmp_path)]) == 1
    assert "--label is for audits with --table" in capsys.readouterr().err
    assert main(["audit", *DATA, "--missing", "drop", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("--missing is for audits with --table\n")
    table.write_text("file,hat,part\na,x,train\nb,y,val\n")
    assert main([*words, "--label", "hat"]) == 1
    assert "column 'part' of" in capsys.readouterr().err
    assert main(["audit", "--folder", str(tmp_path)]) == 1
    assert "name what to audit" in capsys.readouterr().err


def test_audit_names_the_empty_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", *DATA, "--folder", str(tmp_path), "--permutations", "20"]) == 0
    printed = capsys.readouterr().out
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    names = json.loads((tmp_path / "run.json").read_text())
    assert f"{metrics['audit/empty_groups']:.0f} of 200 combinations have no image" in printed
    assert len(names["empty"]) == metrics["audit/empty_groups"]
    assert metrics["audit/cnf/digit-color"] > 3
    assert "left in partly deconfounded batches (weight_cap 10)" in printed
    assert metrics["audit/remaining_cnf/digit-color"] == names["remaining"][0]["cnf"]
    assert 0.5 < names["remaining"][0]["cnf"] < metrics["audit/cnf/digit-color"]
    assert (tmp_path / "audit.png").stat().st_size > 10_000
