"""The report of a run: one page for people, in HTML and in Markdown, with a figure per claim.

Beside it stands a page that lists the statements of the sources by number, if they have numbers.
It reads results and nothing else; it never simulates. Plotting libraries are imported when a figure
is drawn and not before, so that importing this package costs nothing.
"""

from nqmbench.report.write import prepare, write_report

__all__ = ["prepare", "write_report"]
