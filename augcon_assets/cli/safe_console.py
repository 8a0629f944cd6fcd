"""A console whose output cannot be steered by what is printed."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from augcon_lib.text.printable import printable


class SafeConsole(Console):
    """Escapes control and hidden format characters of all text; styles and bars are its own."""

    def render_str(self, text: str, **options: Any) -> Text:
        """*text* as Rich renders it, escaped first, so that tables know how wide it is."""
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of *renderable*; those that are text, however it got there, escaped."""
        for segment in super().render(renderable, options):
            if segment.control or (shown := printable(segment.text)) == segment.text:
                yield segment
            else:
                yield Segment(shown, segment.style)
