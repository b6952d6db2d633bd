"""Where nothing may be skipped, as in CI, a skip fails the run unless it is listed here."""

import pytest
from _pytest.terminal import TerminalReporter

EXPECTED: dict[str, str] = {}
"""Why a test is skipped in CI, by the beginning of its id. Nothing is, at present."""


class NoSkips:
    """A plugin of pytest that fails a run with skips that nobody has given a reason for.

    Args:
        expected: What may be skipped, see `EXPECTED`.
    """

    def __init__(self, expected: dict[str, str] = EXPECTED) -> None:
        self.expected = expected

    def unexpected(self, config: pytest.Config) -> list[str]:
        """Ids of the tests, and files of tests, that were skipped and are not listed."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        skipped = [report.nodeid for report in reporter.stats.get("skipped", [])]
        return [name for name in skipped if not name.startswith(tuple(self.expected))]

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK and self.unexpected(session.config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: TerminalReporter, config: pytest.Config
    ) -> None:
        names = self.unexpected(config)
        warnings = len(terminalreporter.stats.get("warnings", []))
        for name in names:
            terminalreporter.write_line(f"skipped, but not in tests/skips.py: {name}")
        terminalreporter.write_line(f"{len(names)} unexpected skips, {warnings} warnings")
