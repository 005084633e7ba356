"""Text for LaTeX: special characters escaped, symbols and Greek letters as commands."""

from __future__ import annotations

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_TEX: dict[str, str] = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{letter: f"$\\{name}$" for letter, name in _GREEK.items()},
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "√": r"$\surd$", "∞": r"$\infty$",
    "<": "$<$", ">": "$>$", "≤": r"$\le$", "≥": r"$\ge$", "≈": r"$\approx$", "≠": r"$\neq$", "|": "$|$",
    "²": "$^2$", "→": r"$\rightarrow$", "↓": r"$\downarrow$", "∂": r"$\partial$", "…": r"\dots{}",
    "\N{NO-BREAK SPACE}": "~", "\N{NARROW NO-BREAK SPACE}": r"\,", "\n": " ",
}  # fmt: skip
_READ_AS_THEY_ARE = "–—‘’“”"
_LATIN_END = 0x180


def tex_text(text: str) -> str:
    r"""Return ``text`` so that every LaTeX engine prints it as it is.

    Latin letters stay, with their accents. A character that engines do not know without further packages
    becomes its code point in brackets: visible, and no error.

    Examples
    --------
    >>> print(tex_text("β_max ≤ 5 % of λ & −1"))
    $\beta$\_max $\le$ 5 \% of $\lambda$ \& $-$1
    >>> print(tex_text("naïve ☃"))
    naïve [U+2603]
    """
    return "".join(map(_tex_character, text))


def _tex_character(character: str) -> str:
    if character in _TEX:
        return _TEX[character]
    if ord(character) < _LATIN_END or character in _READ_AS_THEY_ARE:
        return character
    return f"[U+{ord(character):04X}]"
