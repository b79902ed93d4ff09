"""Errors whose text is meant for a person: where, what came, what would be right."""


class SandboxError(Exception):
    """The root of all errors that the sandbox raises on purpose."""


class IllegalMoveError(SandboxError):
    """A message was to move to a status that may not follow its present one."""


class UnknownStatusError(SandboxError):
    """A status word that neither we nor the provider have."""


class BackwardsError(SandboxError):
    """A clock was to go back."""


class SpecError(SandboxError):
    """A specification that cannot be served: the text names the file and the place."""


class ScenarioError(SandboxError):
    """A scenario that cannot be used: the text has one `file:line:column: message` a line."""


class EndlessError(SandboxError):
    """An advance until idle that finds no end: 30 days of clock time or 1,000,000 steps."""


class ResetError(SandboxError):
    """A reset or deletion came while something waited."""


class CallbackStateError(SandboxError):
    """A callback's state forbids what was asked of it."""
