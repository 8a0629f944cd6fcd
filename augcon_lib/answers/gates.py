"""Gates of other packages: they reject answers with a reason."""

from collections.abc import Iterable
from typing import Protocol

from augcon_lib.errors import SettingsError
from augcon_lib.extensions import find, known_names

GATE_FAILED = "gate_failed"


class Gate(Protocol):
    """What ``augcon.gates`` registers; ``[responses] gates`` names those in use."""

    def __call__(self, query: str, response: str, context: str, language: str, /) -> str:
        """The reason to reject *response*, in ``snake_case``; empty for a good one.

        Called for one answer after the other, between model calls: it should take milliseconds.
        """
        ...


def gate_fault(
    gates: Iterable[str], query: str, response: str, context: str, language: str
) -> tuple[str, str] | None:
    """Return reason and detail of the first of *gates* that rejects *response*.

    A gate that fails on an answer rejects it as ``gate_failed``. Raises ``SettingsError`` if a gate
    is not registered or cannot be imported.
    """
    for name in gates:
        extension = find("gate", name)
        if extension is None:
            raise SettingsError(
                f"[responses] gates: no package registers {name!r}; known: {known_names('gate')}"
            )
        gate: Gate = extension.load()
        try:
            reason = gate(query, response, context, language)
            if not isinstance(reason, str):
                raise TypeError(f"it returned {type(reason).__name__}, not a text")
        # A fault of the package must not end a run, nor let the answer pass.
        except Exception as error:
            detail = f"{extension} failed ({type(error).__name__}: {error})"
            return GATE_FAILED, f"{detail}; report it to the package's authors ({response})"
        if reason:
            return reason, f"rejected by {extension} ({response})"
    return None
