"""A console that escapes printed text, so that it cannot control the terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from augcon_lib.text.printable import printable


class SafeConsole(Console):
    """Escapes control and hidden format characters in all text; its own styles still work."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Render *text* as Rich does, escaped first, so that tables compute its width right."""
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of *renderable*, with all text escaped."""
        for segment in super().render(renderable, options):
            if segment.control or (shown := printable(segment.text)) == segment.text:
                yield segment
            else:
                yield Segment(shown, segment.style)
