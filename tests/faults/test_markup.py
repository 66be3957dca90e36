"""Fault: markup in names, formulas, titles, docstrings, summaries, sources, refs, reasons.

Promise: escaped everywhere, SVG too; Content-Security-Policy; JSON with escaped < (there is none in
a page, since no page has a script).

A suite is run twice: with hostile texts in the place of every text, and with harmless ones. Both
reports must have the same elements, attributes and blocks, in the same order.
"""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from inside import HEAD, judge, run_inside

PAGES = "report.html", "statements.html", "trust.html"
HOSTILE = [
    "<script>alert(1)</script>",
    '" onload="alert(2)',
    "' onerror='alert(3)",
    "</title></style><img src=x>",
    "a & b &lt;i&gt; &#60;u&#62;",
    "]]> <![CDATA[ x ]]> <!-- y --> <?php z ?>",
    "*a* _b_ **c** `d` ~~e~~ $f$ | g",
    "[a](javascript:x) ![b](y.png) <http://z>",
    "# a",
    "- a",
    "1. a",
    "> a",
    "``` a",
    "+ a",
    "=== a",
    "{{ a }} {% b %} ${c} %s",
    r"\ \* \\ \u0041 \(x\) \[y\]",
    "a\n\n# b\n\n<b>c</b>",
    "&#x6A;avascript:alert(1)",
    "<math><mtext><style>x</style></mtext></math>",
    "</bdi><svg/onload=alert(1)>",
]
NOT_MARKUP = "plain"

SUITE = """
X = {texts!r}
suite.summary, suite.source = X[0], X[1]


def formula_of(text, value):
    def formula(k, w0):
        return value(k, w0)
    formula.__doc__ = text
    return formula


def fails(text):
    def formula(k):
        raise ValueError(text)
    formula.__doc__ = text
    return formula


for i, x in enumerate(X):
    n = f"{{i}} "
    title = x if x[:1] in "#-1>`+=*" else n + x
    own = nq.Experiment(problem, nq.Method(title, halving.method.step, {{"lr": 0.5}}), steps=4)
    right = formula_of(x, lambda k, w0: w0 / 2**k)
    suite.claim(title, of="w[0]", ref="R-" + n + x, experiments=[own])(right)
    wrong = formula_of(x, lambda k, w0: 2 * w0 / 2**k)
    suite.claim(n + x + " wrong", of="w[0]", ref="R-" + n + x, experiments=[own])(wrong)
    suite.claim(n + x + " mended", of="w[0]", mends="R-" + n + x, experiments=[own])(right)
    suite.claim(n + x + " fails", of="w[0]", ref="R-" + n + x)(fails(x))
    suite.check(n + x + " check")(formula_of(x, None))
    suite.outside("R-" + n + x, x, x)
suite.figure(X[0], panels={{X[1]: {{X[2]: halving, X[3]: own}}}}, doc=X[5], single=True)
"""


class Page(HTMLParser):
    """The elements of a page with their attributes, in order; checks that they are balanced."""

    VOID = frozenset({"meta", "img", "col", "br", "link"})

    def __init__(self, text):
        super().__init__()
        self.elements, self.values, self.open, self.others = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, *sorted(name for name, _ in attrs)))
        self.values += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        self.others.append(data)

    handle_pi = unknown_decl = handle_comment


def texts(hostile):
    """The texts of the suite: hostile, or as many harmless ones."""
    return HOSTILE if hostile else [f"{NOT_MARKUP} {i}" for i in range(len(HOSTILE))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The run with hostile texts."""
    return written(tmp_path_factory.mktemp("hostile"), hostile=True)


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """The run with harmless ones."""
    return written(tmp_path_factory.mktemp("harmless"), hostile=False)


def written(place, hostile):
    done = judge(place, HEAD, SUITE.format(texts=texts(hostile)))
    assert done.code == 1, done.stderr  # some claims are errors
    return place / "run"


def page(folder, name):
    return (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_no_element_and_no_attribute_comes_out_of_a_text(folder, twin, name):
    found, expected = Page(page(folder, name)), Page(page(twin, name))
    assert found.elements == expected.elements
    assert found.others == expected.others == []
    names = {attribute for _, attribute, _ in found.values}
    assert not {n for n in names if n.startswith("on") or n in ("style", "srcdoc", "action")}
    targets = {value for _, attribute, value in found.values if attribute in ("href", "src")}
    allowed = r"((report|statements|trust)\.html)?(#[a-z0-9-]+)?|figures/[a-z0-9-]+\.svg"
    assert all(re.fullmatch(allowed, target) for target in targets)


@pytest.mark.parametrize("name", PAGES[:2])  # the third one tells of verdicts in general
def test_texts_are_shown_as_they_are(folder, name):
    shown = " ".join(re.sub(r"<[^>]*>", "", page(folder, name)).split())
    for text in ("<script>alert(1)</script>", '" onload="alert(2)', "]]> <![CDATA[ x ]]>"):
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;")):
            text = text.replace(sign, entity)
        assert text in shown


@pytest.mark.parametrize("name", PAGES)
def test_the_page_forbids_itself_everything_but_its_style_and_pictures(folder, name):
    text = page(folder, name)
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["base-uri"] == directives["form-action"] == "'none'"
    assert directives["img-src"] == "'self' file:"
    assert set(directives) == {"default-src", "base-uri", "form-action", "img-src", "style-src"}
    assert "unsafe" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert directives["style-src"] == f"'sha256-{digest}'"
    # It holds from its place on: nothing but the character set stands before it.
    assert re.findall("<[a-z]+", text.partition("Content-Security")[0]) == [
        "<html", "<head", "<meta", "<meta",
    ]  # fmt: skip
    assert "script" not in {element[0] for element in Page(text).elements}


@pytest.mark.parametrize("name", ["report.md", "statements.md", "trust.md"])
def test_no_block_of_markdown_comes_out_of_a_text(folder, twin, name):
    markdown = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"linkify": False})

    def blocks(place):
        found = []
        for token in markdown.parse(page(place, name)):
            found.append(token.type)
            for part in token.children or ():
                if part.type in ("html_inline", "link_open", "image", "code_inline"):
                    found.append((part.type, part.tag, targets(part)))
                elif part.type != "text":
                    found.append(part.type)
            if token.type == "html_block":
                assert re.fullmatch(HTML, token.content.strip())
        return found

    assert blocks(folder) == blocks(twin)


HTML = r'<a id="[a-z0-9-]+">(</a>)?|</a>|<details><summary>\d+ cases</summary>|</details>'


def targets(part):
    """Where a link or a picture leads, without the name in it."""
    for key in ("href", "src"):
        target = part.attrs.get(key)
        if target is not None:
            assert re.fullmatch(
                r"((report|statements|trust)\.(md|html))?(#[a-z0-9-]+)?|figures/[a-z0-9-]+\.png",
                target,
            )
    if part.type == "html_inline":
        assert re.fullmatch(HTML, part.content)
    return ""


def test_pictures_are_wellformed_and_inert(tmp_path):
    few = [HOSTILE[i] for i in (0, 1, 3, 5, 6, 19)]
    text = SUITE.format(texts=few).replace("enumerate(X)", "[(0, X[0])]")
    assert judge(tmp_path, HEAD, text, draw=True).code == 1
    pictures = sorted((tmp_path / "run" / "figures").glob("*.svg"))
    assert len(pictures) == 4
    known = {"svg", "title", "defs", "style", "g", "path", "use", "text", "clipPath", "rect"}
    for picture in pictures:
        content = picture.read_text(encoding="utf-8")
        root = ElementTree.fromstring(content)
        elements = list(root.iter())
        assert {element.tag.rpartition("}")[2] for element in elements} <= known
        attributes = [pair for element in elements for pair in element.attrib.items()]
        assert not [name for name, _ in attributes if name.startswith("on")]
        links = [value for name, value in attributes if name.endswith("href")]
        assert all(link.startswith("#") for link in links)
        assert not re.search(r"<!(?!DOCTYPE|--)|<\?(?!xml )|<script|javascript:", content)


def leaves(value, change):
    """A description with every text in it changed; the keys stay."""
    if isinstance(value, dict):
        return {key: leaves(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [leaves(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


FOREIGN = [
    lambda text: text + HOSTILE[1] + HOSTILE[0],
    lambda text: (
        f"<math><mi onclick='x'>{text}</mi><script>1</script></math>"
        r"\href{javascript:x}{y} $"
    ),
]


@pytest.mark.parametrize("change", range(len(FOREIGN)))
def test_a_folder_that_somebody_else_has_written_brings_no_markup_in(twin, tmp_path, change):
    """Formulas come from run.json as MathML and LaTeX, which are markup themselves."""
    for name in ("verdicts.csv", "cells.csv", "estimates.csv", "curves.csv"):
        (tmp_path / name).write_bytes((twin / name).read_bytes())
    about = json.loads((twin / "run.json").read_text(encoding="utf-8"))
    changed = leaves(about, FOREIGN[change])
    (tmp_path / "run.json").write_text(json.dumps(changed), encoding="utf-8")
    done = reported(tmp_path)
    assert done.code == 0, done.stderr
    known = {element[0] for name in PAGES for element in Page(page(twin, name)).elements}
    for name in (n for n in PAGES if (tmp_path / n).exists()):
        found = Page(page(tmp_path, name))
        formulas = {
            "nav",
            "ul",
            "li",
            "mi",
            "mn",
            "mo",
            "mrow",
            "mtext",
            "mfrac",
            "msup",
            "msub",
            "msqrt",
            "math",
        }
        assert {element[0] for element in found.elements} <= known | formulas
        attributes = {attribute for _, attribute, _ in found.values}
        assert not {a for a in attributes if a.startswith("on")}
        assert "javascript:" not in {v.split("x")[0] for _, a, v in found.values if a == "href"}


def reported(folder):
    """Write the report of a folder again, without its figures."""
    import functools
    from unittest import mock

    from nqmbench.report import write_report

    with mock.patch("nqmbench.report.write_report", functools.partial(write_report, draw=False)):
        return run_inside("report", folder)


def test_the_negative_control_is_seen():
    assert Page('<p title="" onload="x"></p>').elements == [("p", "onload", "title")]
    with pytest.raises(AssertionError):
        Page("<p><b></p>")
