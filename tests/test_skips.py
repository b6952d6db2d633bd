"""A skip fails a run in CI; a listed one and an expected failure do not."""

import pytest

TESTS = """
import pytest

def test_passes(): pass

@pytest.mark.xfail(reason="known")
def test_fails(): assert False

@pytest.mark.skip(reason="no browser")
def test_skipped(): pass
"""
CONFTEST = """
from tests.skips import NoSkips

def pytest_configure(config):
    config.pluginmanager.register(NoSkips({expected}))
"""


@pytest.mark.parametrize(
    ("expected", "line", "status"),
    [
        ({}, "skipped, but not in tests/skips.py: test_one.py::test_skipped", 1),
        ({"test_one.py::test_skipped": "has no browser"}, "0 unexpected skips, 0 warnings", 0),
    ],
)
def test_only_a_listed_skip_passes(
    expected: dict[str, str], line: str, status: int, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(CONFTEST.format(expected=expected))
    pytester.makepyfile(test_one=TESTS)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, skipped=1, xfailed=1)
    assert line in result.outlines
    assert result.ret == status


def test_a_file_that_is_skipped_is_counted(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST.format(expected={}))
    pytester.makepyfile(
        test_one="def test_passes(): pass",
        test_two='import pytest\npytest.skip("no GPU", allow_module_level=True)',
    )
    result = pytester.runpytest_inprocess()
    assert "1 unexpected skips, 0 warnings" in result.outlines
    assert result.ret == 1


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("", 0)])
def test_the_tests_here_are_held_to_it_in_ci(
    ci: str, status: int, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest("from tests.conftest import pytest_configure")
    pytester.makepyfile(TESTS)
    assert pytester.runpytest_inprocess().ret == status
