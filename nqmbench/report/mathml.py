"""Formulas for a browser: the LaTeX that SymPy writes, turned into MathML.

Only the small part of LaTeX that occurs in formulas is read: fractions, roots, scripts, brackets,
Greek letters, functions, cases. Everything else makes the answer None, and the page then shows the
plain text. Since the output is built from known elements and escaped characters, a formula cannot
smuggle markup into the page; ready-made MathML is rebuilt in the same way by `checked`.
"""

from __future__ import annotations

import re
from html import escape, unescape
from xml.etree import ElementTree

__all__ = ["checked", "from_latex"]

LETTERS_OF_GREEK = (
    ("alpha", "α"), ("beta", "β"), ("gamma", "γ"), ("delta", "δ"), ("epsilon", "ε"), ("zeta", "ζ"),
    ("eta", "η"), ("theta", "θ"), ("iota", "ι"), ("kappa", "κ"), ("lambda", "λ"), ("mu", "μ"),
    ("nu", "ν"), ("xi", "ξ"), ("pi", "π"), ("rho", "ρ"), ("sigma", "σ"), ("tau", "τ"),
    ("upsilon", "υ"), ("phi", "φ"), ("chi", "χ"), ("psi", "ψ"), ("omega", "ω"), ("Gamma", "Γ"),
    ("Delta", "Δ"), ("Theta", "Θ"), ("Lambda", "Λ"), ("Xi", "Ξ"), ("Pi", "Π"), ("Sigma", "Σ"),
    ("Phi", "Φ"), ("Psi", "Ψ"), ("Omega", "Ω"), ("varepsilon", "ε"), ("ell", "ℓ"), ("infty", "∞"),
)  # fmt: skip
GREEK = dict(LETTERS_OF_GREEK)
OPERATORS = {
    "cdot": "⋅", "times": "×", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "lt": "<", "gt": ">", "approx": "≈", "sim": "∼", "to": "→", "in": "∈", "mid": "|", "pm": "±",
    "wedge": "∧", "vee": "∨", "neg": "¬", "ldots": "…", "sum": "∑", "prod": "∏", "langle": "⟨",
    "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "{": "{", "}": "}",
    "|": "‖", "%": "%",
}  # fmt: skip
FUNCTIONS = {
    "exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "tanh", "min", "max", "arg", "Pr",
}  # fmt: skip
NAMES = {"mathbb", "mathrm", "mathbf", "mathcal", "mathit", "operatorname", "text"}
ACCENTS = {"bar": "¯", "overline": "¯", "hat": "^", "tilde": "~"}
SPACES = {
    ",": ".17em", ":": ".22em", ";": ".28em", " ": ".33em", "quad": "1em", "!": "0",
    "displaystyle": "0",
}  # fmt: skip
TOKEN = re.compile(r"\s*(\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S)")
ELEMENTS = {
    "math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac",
    "msqrt",     "mroot", "mover", "munder", "munderover", "mtable", "mtr", "mtd", "mstyle",
}  # fmt: skip
ATTRIBUTES = {
    "stretchy",
    "fence",
    "separator",
    "form",
    "linethickness",
    "columnalign",
    "mathvariant",
}
ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)[a-zA-Z]+;")  # named ones that XML lacks
XMLNS = "http://www.w3.org/1998/Math/MathML"


def from_latex(latex: str, *, display: bool = True) -> str | None:
    r"""The formula as a <math> element, or None if it has something that is not known here.

    >>> from_latex(r"\frac{\eta h}{2}", display=False)
    '<math><mfrac><mrow><mi>η</mi><mi>h</mi></mrow><mn>2</mn></mfrac></math>'
    >>> from_latex(r"\href{javascript:x}{y}") is None
    True
    """
    try:
        reader = _Reader(latex)
        body = reader.row()
        if reader.peek():
            return None
    except (_UnknownError, RecursionError):
        return None
    return f'<math display="block">{body}</math>' if display else f"<math>{body}</math>"


def checked(mathml: str, *, display: bool = True) -> str | None:
    """Ready-made MathML rebuilt from its known elements, or None if it has any other.

    >>> checked("<mrow><mi>h</mi><mn onclick='x'>2</mn></mrow>", display=False)
    '<math><mrow><mi>h</mi><mn>2</mn></mrow></math>'
    >>> checked("<mi><script>x</script></mi>") is None
    True
    """
    mathml = ENTITY.sub(lambda m: unescape(m[0]), mathml)
    if "<!" in mathml or "<?" in mathml or len(mathml) > 100_000:
        return None
    try:
        body = "".join(
            _rebuilt(element) for element in ElementTree.fromstring(f"<math>{mathml}</math>")
        )
    except (ElementTree.ParseError, _UnknownError, RecursionError):
        return None
    return f'<math display="block">{body}</math>' if display else f"<math>{body}</math>"


class _UnknownError(Exception):
    """Something outside the part of LaTeX or MathML that is read here."""


def _rebuilt(element: ElementTree.Element) -> str:
    tag = element.tag.removeprefix(f"{{{XMLNS}}}")
    if tag not in ELEMENTS:
        raise _UnknownError(tag)
    text = element.text or ""
    if tag == "mo":
        text = text.replace("-", "−")
    inside = escape(text) + "".join(_rebuilt(child) + escape(child.tail or "") for child in element)
    if tag == "math":
        return inside
    kept = "".join(
        f' {name}="{escape(value)}"' for name, value in element.items() if name in ATTRIBUTES
    )
    return f"<{tag}{kept}>{inside}</{tag}>"


class _Reader:
    """Recursive descent over the tokens of a LaTeX formula."""

    def __init__(self, latex: str) -> None:
        self.text, self.at, self.depth = latex, 0, 0

    def peek(self) -> str:
        match = TOKEN.match(self.text, self.at)
        return match[1] if match else ""

    def next(self) -> str:
        match = TOKEN.match(self.text, self.at)
        if not match:
            raise _UnknownError("end")
        self.at = match.end()
        return match[1]

    def expect(self, token: str) -> None:
        if self.next() != token:
            raise _UnknownError(token)

    def row(self, *stops: str) -> str:
        """The elements up to (not including) a stop or the end, as one element."""
        self.depth += 1
        if self.depth > 60:
            raise _UnknownError("too deep")
        parts = []
        while (token := self.peek()) and token not in stops and token != "}":
            parts.append(self.scripted())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """One element with its sub- and superscripts."""
        large = self.peek() in (r"\sum", r"\prod")
        base = self.atom()
        sub = sup = ""
        while (mark := self.peek()) in ("^", "_"):
            self.next()
            if mark == "^":
                sup = self.atom()
            else:
                sub = self.atom()
        if sub and sup:
            tag = "munderover" if large else "msubsup"
            return f"<{tag}>{base}{sub}{sup}</{tag}>"
        if sub or sup:
            tag = ("munder" if large else "msub") if sub else ("mover" if large else "msup")
            return f"<{tag}>{base}{sub or sup}</{tag}>"
        return base

    def group(self) -> str:
        self.expect("{")
        inside = self.row()
        self.expect("}")
        return inside

    def words(self) -> str:
        """The raw text of a group, for names and words."""
        self.expect("{")
        end = self.text.find("}", self.at)
        raw = self.text[self.at : end]
        if end < 0 or not re.fullmatch(r"[\w .,*'-]*", raw):
            raise _UnknownError(raw)
        self.at = end + 1
        return raw

    def atom(self) -> str:
        token = self.peek()
        if token == "{":
            return self.group()
        self.next()
        if token[0] == "\\":
            return self.command(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{escape(token)}</mi>"
        if token in "+-=<>()[]|,.!/*:;'":
            return f"<mo>{escape({'-': '−', '*': '⋅'}.get(token, token))}</mo>"
        raise _UnknownError(token)

    def command(self, name: str) -> str:
        if name in ("frac", "tfrac", "dfrac"):
            return f"<mfrac>{self.group()}{self.group()}</mfrac>"
        if name == "sqrt":
            if self.peek() == "[":
                self.next()
                index = self.row("]")
                self.expect("]")
                return f"<mroot>{self.group()}{index}</mroot>"
            return f"<msqrt>{self.group()}</msqrt>"
        if name == "left":
            left = self.fence()
            inside = self.row(r"\right")
            self.expect(r"\right")
            return f"<mrow>{left}{inside}{self.fence()}</mrow>"
        if name == "begin":
            return self.cases()
        if name in NAMES:
            tag = "mtext" if name == "text" else "mi"
            return f"<{tag}>{escape(self.words())}</{tag}>"
        if name in ACCENTS:
            return f"<mover>{self.atom()}<mo>{ACCENTS[name]}</mo></mover>"
        if name in FUNCTIONS:
            return (
                f"<mi>{name}</mi><mo>\u2061</mo>"
                if self.peek() not in ("^", "_")
                else f"<mi>{name}</mi>"
            )
        if name in GREEK:
            return f"<mi>{GREEK[name]}</mi>"
        if name in OPERATORS:
            return f"<mo>{escape(OPERATORS[name])}</mo>"
        if name in SPACES:
            return f'<mspace width="{SPACES[name]}"></mspace>'
        raise _UnknownError(name)

    def fence(self) -> str:
        token = self.next()
        sign = OPERATORS.get(token[1:], "") if token[0] == "\\" else token
        if token == ".":
            return ""
        if sign not in tuple("()[]{}|‖⟨⟩⌊⌋⌈⌉"):
            raise _UnknownError(token)
        return f'<mo fence="true" stretchy="true">{sign}</mo>'

    def cases(self) -> str:
        """A function given by cases, as SymPy writes a Piecewise."""
        if self.words() != "cases":
            raise _UnknownError("environment")
        rows, cells = [], []
        while True:
            cell = self.row("&", r"\\", r"\end")
            cells.append(f"<mtd>{cell}</mtd>")
            token = self.next()
            if token in (r"\\", r"\end"):
                rows.append(f"<mtr>{''.join(cells)}</mtr>")
                cells = []
            if token == r"\end":
                self.words()
                table = f'<mtable columnalign="left">{"".join(rows)}</mtable>'
                return f'<mrow><mo fence="true" stretchy="true">{{</mo>{table}</mrow>'
