"""The scenario language: finds, reads, checks and compiles the YAML that says how the providers behave.

The text of a scenario file comes in; a `core.scenario.Scenario` goes out, or every mistake with its file, line and
column. The path is `library` (names and files), `scenario_file` (one file), `rulebook` (its rules), `conditions` and
`actions` (`when` and `then` of a rule), `value_readers` (single values). This folder imports `core`, `formats`,
`templates`, `specs` and the provider registry.
"""

from sandbox.scenarios.library import (
    CheckResult,
    ListedScenario,
    ScenarioLibrary,
    check_scenarios,
    compile_sources,
    list_scenarios,
    load_file,
    load_named,
    load_text,
    scenario_paths,
    unknown_scenario,
)
from sandbox.scenarios.rule_text import explain

__all__ = [
    "CheckResult",
    "ListedScenario",
    "ScenarioLibrary",
    "check_scenarios",
    "compile_sources",
    "explain",
    "list_scenarios",
    "load_file",
    "load_named",
    "load_text",
    "scenario_paths",
    "unknown_scenario",
]
