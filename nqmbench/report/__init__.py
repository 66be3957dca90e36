"""The report of a run: one page for people, in HTML and in Markdown, with a figure per claim.

It reads results and nothing else; it never simulates. Plotting libraries are imported when a figure
is drawn and not before, so that importing this package costs nothing.
"""

from nqmbench.report.write import write_report

__all__ = ["write_report"]
